//! A machine is lost, and everything that was on it comes back from a backup; and whatever goes wrong is named.

#![cfg(test)]

mod faults;
#[path = "../support/mod.rs"]
mod support;
mod world;

use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use world::{RECIPIENT, World, failed, files, shown, text};

#[test]
fn what_was_backed_up_comes_back_on_another_machine() {
    let mut world = World::begin();
    let kept = world.cli.told(&["provider", "key", "set", "house"], "open-sesame");
    assert_eq!(kept.code, 0, "{kept:?}");
    world.backed_up(&world.cli);
    let logs = world.backup().join(&world.desk.id);
    let size = |point: u32| std::fs::metadata(logs.join(format!("{point:06}.log"))).map_or(0, |log| log.len());
    let first = size(1);
    world.while_it_runs(|world, client| {
        world.work(client, 3);
        // The host runs, and the program asks it.
        world.backed_up(&world.cli);
    });
    assert!(size(2) > 0 && size(2) < first / 10, "{} after {first}", size(2));
    world.while_it_runs(|world, client| {
        world.large(client);
        world.backed_up(&world.cli);
    });
    // Nothing happened: no log, and a point all the same.
    world.backed_up(&world.cli);
    assert_eq!(size(4), 0);
    let (_, root) = world.root(&world.cli);
    let whole = world.verify();
    assert!(whole.code == 0 && whole.err.contains("sealed with its keys"), "{whole:?}");

    let (_, there) = world.machine("there");
    let restored = world.restore(&there, &[]);
    assert_eq!((restored.code, restored.out.trim()), (0, world.desk.id.as_str()), "{restored:?}");
    world.is_there(&there, &root);
    let vault = vault_file::FileVault::open(world.dir.path().join("there/data/vault")).unwrap();
    assert_eq!(vault.secrets().unwrap()["house"].reveal(), "open-sesame");
    assert_eq!(there.run(&["workspace", "adopt"]).code, 0);

    let (_, earlier) = world.machine("earlier");
    assert_eq!(world.restore(&earlier, &["--at", "1"]).code, 0);
    let before = shown(&earlier)["pos"].as_u64().unwrap();
    assert!(before < shown(&there)["pos"].as_u64().unwrap());
}

#[test]
fn a_key_that_was_destroyed_never_comes_back() {
    let mut world = World::begin();
    let task = world.hosted(|world, host| world.work(&mut host.client(), 1));
    world.backed_up(&world.cli);
    let keys = world.backup().join(&world.desk.id).join("000001.keys");
    assert!(keys.exists());
    let subject = format!("task/{task}");
    world.hosted(|world, host| {
        let destroyed = json!({ "subject": subject });
        let answer = host.client().command(&world.desk.id, "destroy", "key.destroy", &destroyed).unwrap();
        assert_eq!(answer.text("/outcomes/0/status"), "accepted", "{}", answer.json());
    });
    world.backed_up(&world.cli);
    assert!(!keys.exists(), "keys of earlier points are gone");
    let (_, root) = world.root(&world.cli);
    let (_, there) = world.machine("there");
    let old = world.restore(&there, &["--at", "1"]);
    failed(&old, "key_destroyed_since");
    assert!(old.err.contains(&subject) && old.err.contains("kernelos restore --at"), "{old:?}");
    assert_eq!(there.run(&["workspace", "list", "--json"]).out.trim(), r#"{"workspaces":[]}"#);
    assert_eq!(world.restore(&there, &[]).code, 0);
    world.is_there(&there, &root);
    let shown = there.run(&["task", "show", &task, "--json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap_or_else(|_| panic!("{shown:?}"));
    assert_eq!(shown["title"], Value::Null, "{shown}");
}

#[test]
fn a_host_elsewhere_is_backed_up_and_another_one_takes_it_in() {
    let mut world = World::begin();
    world.hosted(|world, host| {
        world.backed_up(&host.program());
        world.work(&mut host.client(), 5);
        world.backed_up(&host.program());
    });
    let (_, root) = world.root(&world.cli);
    assert!(!files(&world.backup()).iter().any(|path| path.ends_with("000002.secrets")), "its vault is not reached");
    let (place, there) = world.machine("there");
    let host = place.start();
    assert_eq!(world.restore(&host.program(), &[]).code, 0);
    host.kill();
    world.is_there(&there, &root);
}

#[test]
fn while_many_write_every_point_is_a_point_of_the_log() {
    let mut world = World::begin();
    let id = world.desk.id.clone();
    world.hosted(|world, host| {
        let (over, counted) = (AtomicBool::new(false), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let (mut client, over, counted, id) = (host.client(), &over, &counted, &id);
                scope.spawn(move || write(&mut client, id, writer, over, counted));
            }
            // Writers end whatever comes of it; what came of it is looked at then.
            let said: Vec<_> = (0..4)
                .map(|_| {
                    (counted.load(Ordering::Relaxed), world.back_up(&host.program()), counted.load(Ordering::Relaxed))
                })
                .collect();
            over.store(true, Ordering::Relaxed);
            for (before, said, after) in said {
                assert!(said.code == 0 && before < after, "{said:?} while {before} to {after} were written");
            }
        });
    });
    let whole = world.verify();
    assert_eq!(whole.code, 0, "{whole:?}");
    for point in ["2", "4"] {
        let (_, there) = world.machine(point);
        let restored = world.restore(&there, &["--at", point]);
        assert_eq!(restored.code, 0, "{restored:?}");
        let verified = there.run(&["replay", "--verify"]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
}

fn write(client: &mut Client, id: &str, writer: u32, over: &AtomicBool, counted: &AtomicU32) {
    let mut nth = 0;
    while !over.load(Ordering::Relaxed) {
        nth += 1;
        let title = json!({ "title": format!("of writer {writer}, number {nth}") });
        let sent = client.command(id, &format!("{writer}-{nth}"), "task.create", &title).unwrap();
        assert_eq!(sent.status, 200, "{}", sent.json());
        counted.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn another_history_of_a_workspace_is_not_mixed_with_the_one_that_is_kept() {
    let mut world = World::begin();
    world.backed_up(&world.cli);
    world.hosted(|world, host| world.work(&mut host.client(), 4));
    world.backed_up(&world.cli);
    let (_, root) = world.root(&world.cli);
    let (_, there) = world.machine("there");
    assert_eq!(world.restore(&there, &["--at", "1"]).code, 0);
    assert_eq!(there.run(&["workspace", "adopt"]).code, 0);
    let refused = world.back_up(&there);
    failed(&refused, "backup_incomplete");
    assert!(refused.err.contains("backup_other_history") && refused.err.contains("OTHER_DIR"), "{refused:?}");
    // A second workspace is kept all the same, beside what there is of the first.
    assert_eq!(there.run(&["workspace", "create", "second"]).code, 0);
    failed(&world.back_up(&there), "backup_incomplete");
    let (_, cli) = world.machine("three");
    let restored = world.restore(&cli, &["--workspace", &world.desk.id]);
    assert_eq!(restored.code, 0, "{restored:?}");
    world.is_there(&cli, &root);
    let (_, both) = world.machine("both");
    assert_eq!(world.restore(&both, &[]).out.lines().count(), 2);
}

#[test]
fn a_workspace_that_the_host_lost_stays_in_the_backup() {
    let world = World::begin();
    world.backed_up(&world.cli);
    let (_, root) = world.root(&world.cli);
    for file in files(&world.place.data().join("workspaces")) {
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!(world.cli.run(&["workspace", "create", "another"]).code, 0);
    for _ in 0..2 {
        let kept = world.backed_up(&world.cli);
        assert!(kept.err.contains(&format!("workspace {}: as it was", world.desk.id)), "{kept:?}");
    }
    assert_eq!(world.verify().code, 0);
    let (_, there) = world.machine("there");
    assert_eq!(world.restore(&there, &[]).out.lines().count(), 2);
    let (_, alone) = world.machine("alone");
    assert_eq!(world.restore(&alone, &["--workspace", &world.desk.id]).code, 0);
    world.is_there(&alone, &root);
}

#[test]
fn a_passphrase_opens_what_was_written_for_it_and_another_does_not() {
    let world = World::begin();
    let (right, wrong) = (world.dir.path().join("right"), world.dir.path().join("wrong"));
    std::fs::write(&right, "correct horse\n").unwrap();
    std::fs::write(&wrong, "battery staple\n").unwrap();
    let backup = world.backup();
    let written = world.cli.run(&["backup", text(&backup), "--passphrase-file", text(&right)]);
    assert_eq!(written.code, 0, "{written:?}");
    let (_, there) = world.machine("there");
    let opened =
        |with: &std::path::Path| there.run(&["restore-backup", text(&backup), "--passphrase-file", text(with)]);
    failed(&opened(&wrong), "import_wrong_key");
    assert_eq!(there.run(&["backup", "verify", text(&backup), "--passphrase-file", text(&wrong)]).code, 1);
    assert_eq!(world.restore(&there, &[]).code, 2, "an identity is no passphrase");
    assert_eq!(there.run(&["workspace", "list", "--json"]).out.trim(), r#"{"workspaces":[]}"#);
    assert_eq!(opened(&right).code, 0);
    // Without a passphrase the files can be compared all the same.
    let looked = there.run(&["backup", "verify", text(&backup)]);
    assert!(looked.code == 0 && looked.err.contains("without its key"), "{looked:?}");
}

#[test]
fn what_is_there_already_stays_and_is_named() {
    let world = World::begin();
    world.backed_up(&world.cli);
    let (_, root) = world.root(&world.cli);
    let refused = world.restore(&world.cli, &[]);
    failed(&refused, "workspace_exists");
    assert!(refused.err.contains(&world.desk.id), "{refused:?}");
    assert_eq!(world.root(&world.cli).1, root);
    let (_, there) = world.machine("there");
    failed(&world.restore(&there, &["--at", "7"]), "not_found");
    failed(&world.restore(&there, &["--workspace", "00000000000000000000000000"]), "not_found");
    assert_eq!(world.restore(&there, &["--workspace", &world.desk.id]).code, 0);
    // The same once more: it is there, and nothing happens.
    assert_eq!(world.restore(&there, &["--workspace", &world.desk.id]).code, 0);
    assert_eq!(there.run(&["workspace", "adopt"]).code, 0);
    failed(&world.restore(&there, &[]), "workspace_exists");
    let elsewhere = there.run(&["backup", text(world.dir.path()), "--recipient", RECIPIENT]);
    failed(&elsewhere, "backup_foreign");
    // What somebody else keeps beside a backup stays, whatever it is called.
    std::fs::write(world.backup().join("notes.log"), "mine").unwrap();
    world.backed_up(&world.cli);
    assert!(world.backup().join("notes.log").exists());
}
