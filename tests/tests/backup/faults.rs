//! Backups that are cut, altered, killed on their way.

use crate::support::dice::Dice;
use crate::world::{RECIPIENT, World, failed, files, text};
use kernelos::backup::{Chain, Directory, Plan, is_sealed, verify};
use kernelos::outcome::Problem;
use kernelos::transfer::{Keyring, Opener};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// Everything that is wrong with a backup, in words.
fn findings(backup: &Path, identity: &Path) -> Vec<String> {
    let look = || -> Result<Vec<String>, Problem> {
        let directory = Directory::to_read(backup)?;
        let chain = Chain::read(&directory)?;
        let mut keyring = Keyring::new(Opener { identity: Some(identity), passphrase_file: None });
        let findings = verify(&directory, &chain, Some(&mut keyring))?;
        Ok(findings.into_iter().map(|finding| finding.what).collect())
    };
    look().unwrap_or_else(|problem| vec![problem.what])
}

/// Whether all of the newest point can be put together.
fn comes_together(backup: &Path, identity: &Path) -> Result<(), Problem> {
    let directory = Directory::to_read(backup)?;
    let chain = Chain::read(&directory)?;
    let mut keyring = Keyring::new(Opener { identity: Some(identity), passphrase_file: None });
    let newest = chain.newest().unwrap();
    is_sealed(&directory, &chain, newest.point, &keyring.open(&newest.age)?)?;
    for plan in Plan::all(&directory, &chain, newest.point)? {
        let key = plan.key(&chain, &mut keyring)?;
        plan.composed(&key)?;
    }
    Ok(())
}

/// A backup of two points, and its files but the lock.
fn two_points() -> (World, Vec<PathBuf>) {
    let mut world = World::begin();
    world.backed_up(&world.cli);
    world.hosted(|world, host| world.work(&mut host.client(), 4));
    world.backed_up(&world.cli);
    let written = files(&world.backup()).into_iter().filter(|path| !path.ends_with("kernelos-backup.lock")).collect();
    (world, written)
}

#[test]
fn a_byte_that_was_altered_anywhere_is_named_with_its_file() {
    let (world, written) = two_points();
    let (backup, mut dice) = (world.backup(), Dice::new(7));
    let whole: Vec<Vec<u8>> = written.iter().map(|path| fs::read(path).unwrap()).collect();
    let all: usize = whole.iter().map(Vec::len).sum();
    assert_eq!(findings(&backup, &world.identity), Vec::<String>::new());
    for round in 0..1_000 {
        // One in three anywhere, the others in a file chosen first: small ones are met, too.
        let (nth, at) = if round % 3 == 0 {
            let mut at = dice.place(all);
            let nth = whole
                .iter()
                .position(|bytes| {
                    at < bytes.len() || {
                        at -= bytes.len();
                        false
                    }
                })
                .unwrap();
            (nth, at)
        } else {
            let nth = dice.place(whole.len());
            (nth, dice.place(whole[nth].len()))
        };
        let mut altered = whole[nth].clone();
        altered[at] ^= 1 << dice.place(8);
        fs::write(&written[nth], &altered).unwrap();
        let found = findings(&backup, &world.identity);
        let name = text(&written[nth]);
        assert!(found.iter().all(|what| what.contains(name)) && !found.is_empty(), "byte {at} of {name}: {found:?}");
        let is_secrets = name.ends_with(".secrets");
        assert!(is_secrets || comes_together(&backup, &world.identity).is_err(), "byte {at} of {name}");
        fs::write(&written[nth], &whole[nth]).unwrap();
    }
    assert_eq!(findings(&backup, &world.identity), Vec::<String>::new());
}

#[test]
fn a_file_that_was_cut_or_is_missing_is_named_and_nothing_is_restored() {
    let (world, written) = two_points();
    let (_, there) = world.machine("there");
    for path in &written {
        let whole = fs::read(path).unwrap();
        for cut in [None, Some(0), Some(whole.len() / 2), Some(whole.len() - 1)] {
            match cut {
                Some(at) => fs::write(path, &whole[..at]).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            let found = findings(&world.backup(), &world.identity);
            let is_first = path.ends_with("000001.json");
            let is_newest = path.ends_with("000002.json") && cut.is_none();
            // Without the newest manifest it is the backup that it was at the point before, but for what that time removed.
            assert!(is_newest || found.iter().any(|what| what.contains(text(path))), "{path:?}: {found:?}");
            if !is_newest && (is_first || cut == Some(whole.len() / 2)) {
                let refused = world.restore(&there, &[]);
                failed(&refused, "backup_damaged");
                assert!(refused.code == 3 && refused.err.contains(text(path)), "{refused:?}");
            }
            fs::write(path, &whole).unwrap();
        }
    }
    assert_eq!(there.run(&["workspace", "list", "--json"]).out.trim(), r#"{"workspaces":[]}"#);
    assert_eq!(world.restore(&there, &[]).code, 0);
}

#[test]
fn half_of_a_directory_is_named() {
    let (world, written) = two_points();
    let (_, there) = world.machine("there");
    for path in &written[written.len() / 2..] {
        fs::remove_file(path).unwrap();
    }
    failed(&world.restore(&there, &[]), "backup_damaged");
    assert_ne!(world.verify().code, 0);
}

#[test]
fn a_backup_that_was_killed_leaves_the_point_before() {
    let mut world = World::begin();
    world.backed_up(&world.cli);
    let mut dice = Dice::new(3);
    // How long one takes is the machine's affair: where one ended before it was killed, the next has less time.
    let (mut killed, mut within) = (0, 80);
    for _ in 0..16 {
        world.hosted(|world, host| {
            world.work(&mut host.client(), 2);
            world.large(&mut host.client());
            let backup = world.backup();
            let mut command = host.program().command(&["backup", text(&backup), "--recipient", RECIPIENT]);
            let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(2 + dice.below(within)));
            process.kill().unwrap();
            let is_killed = !process.wait().unwrap().success();
            (killed, within) = if is_killed { (killed + 1, within) } else { (killed, within * 2 / 3 + 1) };
            let whole = world.verify();
            assert_eq!(whole.code, 0, "{whole:?}");
        });
    }
    assert!(killed > 2, "only {killed} were killed before they had ended");
    let (_, root) = world.root(&world.cli);
    world.backed_up(&world.cli);
    assert!(!files(&world.backup()).iter().any(|path| path.extension().is_some_and(|it| it == "part")));
    let (_, there) = world.machine("there");
    assert_eq!(world.restore(&there, &[]).code, 0);
    world.is_there(&there, &root);
}

#[test]
fn whatever_of_a_point_was_written_before_its_manifest_does_not_count() {
    let mut world = World::begin();
    world.backed_up(&world.cli);
    let before: Vec<(PathBuf, Vec<u8>)> = held(&world.backup());
    world.hosted(|world, host| world.work(&mut host.client(), 4));
    world.backed_up(&world.cli);
    let (_, root) = world.root(&world.cli);
    let made: Vec<(PathBuf, Vec<u8>)> =
        held(&world.backup()).into_iter().filter(|(path, _)| before.iter().all(|(there, _)| there != path)).collect();
    assert!(made.len() >= 4, "a log, keys, secrets, a manifest");
    let parts: Vec<_> = made.into_iter().filter(|(path, _)| !path.ends_with("000002.json")).collect();
    for whole in 0..=parts.len() {
        fs::remove_dir_all(world.backup()).unwrap();
        fs::create_dir_all(world.backup().join(&world.desk.id)).unwrap();
        before.iter().chain(parts.iter().take(whole)).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        if let Some((path, bytes)) = parts.get(whole) {
            fs::write(path.with_added_extension("part"), &bytes[..bytes.len() / 2]).unwrap();
        }
        assert_eq!(findings(&world.backup(), &world.identity), Vec::<String>::new(), "after {whole} files");
        world.backed_up(&world.cli);
        assert_eq!(findings(&world.backup(), &world.identity), Vec::<String>::new(), "after {whole} files");
    }
    let (_, there) = world.machine("there");
    assert_eq!(world.restore(&there, &[]).code, 0);
    world.is_there(&there, &root);
}

fn held(backup: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files(backup).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_restore_that_was_killed_goes_on_and_is_never_half_there() {
    let mut world = World::begin();
    world.hosted(|world, host| {
        for _ in 0..6 {
            world.large(&mut host.client());
        }
        world.work(&mut host.client(), 200);
    });
    world.backed_up(&world.cli);
    let (_, root) = world.root(&world.cli);
    let (_, there) = world.machine("there");
    let mut killed = 0;
    for ms in (10..600).step_by(30) {
        let backup = world.backup();
        let mut command = there.command(&["restore-backup", text(&backup), "--identity", text(&world.identity)]);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(ms));
        process.kill().unwrap();
        killed += u32::from(!process.wait().unwrap().success());
        let listed = there.run(&["workspace", "list", "--json"]);
        if listed.out.contains(&world.desk.id) {
            break;
        }
    }
    assert!(killed > 0);
    let restored = world.restore(&there, &[]);
    assert_eq!(restored.code, 0, "{restored:?}");
    world.is_there(&there, &root);
}

#[test]
fn one_file_holds_everything_and_names_what_is_wrong_with_it() {
    let world = World::begin();
    let file = world.dir.path().join("monday.backup");
    let write = || world.cli.run(&["backup", "--file", text(&file), "--recipient", RECIPIENT]);
    assert_eq!(write().code, 0);
    failed(&write(), "file_exists");
    assert_eq!(fs::read_dir(world.dir.path()).unwrap().count(), 3, "nothing but the file was left");
    let (_, root) = world.root(&world.cli);
    let look = || findings(&file, &world.identity);
    assert_eq!(look(), Vec::<String>::new());
    let (good, mut dice) = (fs::read(&file).unwrap(), Dice::new(13));
    for _ in 0..200 {
        let mut altered = good.clone();
        let at = dice.place(good.len());
        altered[at] ^= 1 << dice.place(8);
        fs::write(&file, altered).unwrap();
        assert!(look().iter().any(|what| what.contains(text(&file))), "byte {at}: {:?}", look());
    }
    let (_, there) = world.machine("there");
    for cut in [0, 10, good.len() / 2, good.len() - 1] {
        fs::write(&file, &good[..cut]).unwrap();
        let refused = there.run(&["restore-backup", text(&file), "--identity", text(&world.identity)]);
        failed(&refused, if cut < 16 { "backup_foreign" } else { "backup_damaged" });
    }
    fs::write(&file, [good.as_slice(), b"more"].concat()).unwrap();
    assert!(look()[0].contains("behind its end"));
    fs::write(&file, &good).unwrap();
    let restored = there.run(&["restore-backup", text(&file), "--identity", text(&world.identity)]);
    assert_eq!(restored.code, 0, "{restored:?}");
    world.is_there(&there, &root);
}

#[test]
fn two_backups_at_once_do_not_mix() {
    let world = World::begin();
    world.backed_up(&world.cli);
    let held = Directory::to_write(&world.backup()).unwrap();
    failed(&world.back_up(&world.cli), "backup_busy");
    let (_, there) = world.machine("there");
    failed(&world.restore(&there, &[]), "backup_busy");
    drop(held);
    world.backed_up(&world.cli);
}
