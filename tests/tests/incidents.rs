//! What happened on one machine is looked at on another, which has nothing but a file; and a file that lies is found out.

#![cfg(test)]

mod support;

use kernelos::incident::{Before, Head, Incident, open, replayed, write};
use kernelos::transfer::{Keyring, Opener, fresh, whom, wrapped};
use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::cli::{Cli, Said};
use support::desk::{Desk, accepted};
use support::dice::Dice;
use support::host::{Place, Running};
use support::peer::Peer;

const IDENTITY: &str = "AGE-SECRET-KEY-1XW3UF7SNG6F79J7ATMULA4YA4EXRJWXX6YFMG7LRZXG5GY6QYE6QND63RQ";
const RECIPIENT: &str = "age1jeg63htq9h7lepw7fk9wrpsmclpk2uzyrjze63x3c23evw07gapqlgj4sw";

/// A host with a workspace in which a model was asked.
struct Scene {
    dir: tempfile::TempDir,
    host: Running,
    desk: Desk,
    cli: Cli,
    identity: PathBuf,
}

impl Scene {
    fn begin() -> Self {
        let (dir, peer) = (tempfile::tempdir().unwrap(), Peer::start(1));
        let host = Place::new(dir.path(), 4).start();
        let desk = Desk::begin(&mut host.client(), &peer.base_url());
        let (cli, identity) = (host.program(), dir.path().join("key.txt"));
        std::fs::write(&identity, IDENTITY).unwrap();
        Self { dir, host, desk, cli, identity }
    }

    fn ask(&self, client: &mut Client, prompt: &str) -> String {
        let ask = json!({"agent": self.desk.agent, "prompt": prompt});
        let task = accepted(&client.command(&self.desk.id, &prompt.replace(' ', "-"), "task.ask", &ask).unwrap());
        let settled = client.get(&self.desk.path(&format!("/tasks/{task}?wait=30000"))).unwrap().json();
        assert_eq!(settled["steps"][0]["status"], "answered", "{settled}");
        task
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, piece: &str, name: &str, more: &[&str]) -> PathBuf {
        let file = self.file(name);
        let arguments = ["incident", piece, "-o", text(&file), "--recipient", RECIPIENT];
        let said = self.cli.run(&[&arguments, more].concat());
        assert_eq!(said.code, 0, "{said:?}");
        file
    }

    /// On a machine that has nothing.
    fn replay(&self, file: &Path, more: &[&str]) -> Said {
        let nowhere = self.file("nowhere");
        let arguments = ["replay", "--incident", text(file), "--identity", text(&self.identity)];
        let said = Cli::over(&nowhere).run(&[&arguments, more].concat());
        assert!(!nowhere.exists(), "a replay of a file makes nothing");
        said
    }

    fn opened(&self, file: &Path) -> Incident {
        self.keyring(|keyring| open(&std::fs::read(file).unwrap(), keyring).unwrap().1)
    }

    fn keyring<T>(&self, act: impl FnOnce(&mut Keyring<'_>) -> T) -> T {
        act(&mut Keyring::new(Opener { identity: Some(&self.identity), passphrase_file: None }))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn whole(incident: &Incident) -> String {
    serde_json::to_string(incident).unwrap()
}

#[test]
fn a_task_is_replayed_where_there_is_nothing_but_its_file() {
    let scene = Scene::begin();
    let mut client = scene.host.client();
    scene.ask(&mut client, "something before");
    let task = scene.ask(&mut client, "what went wrong");
    let other = json!({"title": "the business of somebody else"});
    accepted(&client.command(&scene.desk.id, "other", "task.create", &other).unwrap());

    let file = scene.write(&task, "task.incident", &[]);
    let replayed = scene.replay(&file, &[]);
    assert!(replayed.code == 0 && replayed.err.contains("is what replay comes to"), "{replayed:?}");
    for shown in ["helper", "a model was told"] {
        assert!(replayed.out.contains(shown), "{shown}: {replayed:?}");
    }
    let read: Value = serde_json::from_str(&scene.replay(&file, &["--json"]).out).unwrap();
    assert_eq!((&read["task"], &read["findings"]), (&json!(task), &json!([])), "{read}");
    assert!(read["rows"].as_u64().unwrap() > 5, "{read}");
    let incident = scene.opened(&file);
    assert!(whole(&incident).contains("what went wrong"));
    for foreign in ["something before", "somebody else"] {
        assert!(!whole(&incident).contains(foreign), "{foreign}");
    }
    assert!(incident.contexts[0]["messages"].to_string().contains("what went wrong"), "{:?}", incident.contexts);
    // Nothing of it stands in the file in clear.
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(9).any(|window| window == b"went wrong" || window == b"\"content\""));
}

#[test]
fn positions_are_replayed_and_what_was_said_is_left_out_where_that_is_asked_for() {
    let scene = Scene::begin();
    let task = scene.ask(&mut scene.host.client(), "a secret question");
    let view = scene.desk.describe(&mut scene.host.client());
    let all = format!("1..{}", view["pos"]);
    for (piece, name) in [(all.as_str(), "all"), ("2..5", "some"), (task.as_str(), "task")] {
        let said = scene.write(piece, name, &[]);
        let redacted = scene.write(piece, &format!("{name}-redacted"), &["--redact"]);
        assert_eq!((scene.replay(&said, &[]).code, scene.replay(&redacted, &[]).code), (0, 0), "{piece}");
        assert_eq!(whole(&scene.opened(&said)).contains("a secret question"), name != "some");
        let redacted = scene.opened(&redacted);
        assert!(!whole(&redacted).contains("a secret question") && redacted.contexts.is_empty(), "{piece}");
        assert!(redacted.events.iter().all(|seen| seen.content.is_none()));
    }
    let roots = scene.opened(&scene.file("all")).roots;
    assert_eq!(json!(roots), view["roots"], "the end of the log has the roots that the host says");
    for bad in ["9..3", "0..4", "x..y", "3.."] {
        assert_eq!(scene.cli.run(&["incident", bad, "-o", "x", "--recipient", RECIPIENT]).code, 2, "{bad}");
    }
    let beyond = scene.cli.run(&["incident", "9000..9001", "-o", text(&scene.file("x")), "--recipient", RECIPIENT]);
    assert!(beyond.code == 1 && beyond.err.starts_with("error[not_found]"), "{beyond:?}");
    let again = scene.cli.run(&["incident", &all, "-o", text(&scene.file("all")), "--recipient", RECIPIENT]);
    assert!(again.code == 1 && again.err.starts_with("error[file_exists]"), "{again:?}");
}

#[test]
fn a_piece_with_a_restore_in_it_is_replayed_on_the_lines_that_there_were() {
    let scene = Scene::begin();
    let mut client = scene.host.client();
    scene.ask(&mut client, "before");
    let pos = scene.desk.describe(&mut client)["pos"].to_string();
    accepted(&client.command(&scene.desk.id, "m", "task.create", &json!({"title": "a mistake"})).unwrap());
    let restored = scene.cli.run(&["restore", "--at", &pos]);
    assert_eq!(restored.code, 0, "{restored:?}");
    scene.ask(&mut client, "after");
    let last = scene.desk.describe(&mut client)["pos"].to_string();
    let file = scene.write(&format!("{pos}..{last}"), "restored", &[]);
    let replayed = scene.replay(&file, &[]);
    assert_eq!(replayed.code, 0, "{replayed:?}");
}

#[test]
fn a_piece_of_a_long_log_stands_on_the_rows_that_it_touches() {
    let scene = Scene::begin();
    let mut client = scene.host.client();
    for batch in 0..36 {
        let commands: Vec<Value> = (0..64)
            .map(|nth| json!({"type": "task.create", "data": {"title": format!("task {batch} {nth}")}}))
            .collect();
        let body = json!({ "commands": commands }).to_string();
        let sent = client.post(&scene.desk.path("/commands"), &format!("batch-{batch}"), body.as_bytes()).unwrap();
        assert_eq!(sent.status, 200, "{}", sent.json());
    }
    let task = scene.ask(&mut client, "late in a long log");
    let file = scene.write(&task, "late", &[]);
    let incident = scene.opened(&file);
    let Before::Rows { rows, .. } = &incident.before else { panic!("it takes all events along") };
    assert!(!rows.is_empty() && rows.len() < 50, "{}", rows.len());
    assert!(std::fs::metadata(&file).unwrap().len() < 64 * 1024);
    let replayed = scene.replay(&file, &[]);
    assert_eq!(replayed.code, 0, "{replayed:?}");
    // Another row before comes to another end.
    let mut other = incident.clone();
    let Before::Rows { rows, .. } = &mut other.before else { panic!() };
    let chain = rows.iter_mut().find(|(_, key, ..)| key.to_string().starts_with("chain/")).unwrap();
    chain.3 = chain.3.replacen("\"mark\":", "\"mark\":1", 1);
    assert!(!kernelos::incident::replayed(&other).findings.is_empty());
}

type Lie = fn(&mut Incident);

#[test]
fn a_file_that_lies_is_found_out() {
    let scene = Scene::begin();
    scene.ask(&mut scene.host.client(), "a question");
    let last = scene.desk.describe(&mut scene.host.client())["pos"].as_u64().unwrap();
    let good = scene.opened(&scene.write(&format!("5..{last}"), "good", &[]));
    assert_eq!(replayed(&good).findings, Vec::<String>::new());
    let lies: [(&str, Lie); 8] = [
        ("an event that was altered", |it| {
            let seen = it.events.iter_mut().find(|seen| seen.body.contains("\"actor\":\"owner\"")).unwrap();
            seen.body = seen.body.replacen("\"actor\":\"owner\"", "\"actor\":\"other\"", 1);
        }),
        ("the last event altered", |it| {
            let seen = it.events.last_mut().unwrap();
            seen.body = seen.body.replacen("\"accepted_at\":1", "\"accepted_at\":2", 1);
        }),
        ("an event left out", |it| drop(it.events.remove(2))),
        ("two events in each other's place", |it| it.events.swap(1, 2)),
        ("an event of before altered", |it| {
            let Before::Events { events } = &mut it.before else { panic!() };
            events[1] = events[1].replacen("\"accepted_at\":1", "\"accepted_at\":2", 1);
        }),
        ("another row at the end", |it| it.rows.values_mut().next().unwrap().0[0] ^= 1),
        ("a row that nothing comes to", |it| {
            let hash = *it.rows.values().next().unwrap();
            it.rows.insert("control/lease/0".to_owned(), hash);
        }),
        ("another root", |it| it.roots.values_mut().next().unwrap().0[0] ^= 1),
    ];
    for (lie, tell) in lies {
        let mut bad = good.clone();
        tell(&mut bad);
        assert_ne!(bad, good, "{lie}: nothing was altered");
        let found = replayed(&bad).findings;
        assert!(!found.is_empty(), "{lie}");
        // Whoever knows the key can write such a file; the program says what is wrong with it.
        let (file, key) = (scene.file("lie"), fresh().unwrap());
        let age = wrapped(&key, &whom(&[RECIPIENT.parse().unwrap()], None).unwrap()).unwrap();
        let head = Head { incident: 1, program: "0".to_owned(), written_at: 0, age };
        std::fs::write(&file, write(&head, &bad, &key).unwrap()).unwrap();
        let said = scene.replay(&file, &[]);
        assert!(said.code == 1 && said.err.starts_with("error[incident_differs]"), "{lie}: {said:?}");
        assert!(said.out.contains(&found[0]), "{lie}: {said:?}");
    }
}

#[test]
fn a_file_that_was_altered_or_cut_anywhere_is_named() {
    let scene = Scene::begin();
    scene.ask(&mut scene.host.client(), "a question");
    let file = scene.write("2..8", "good", &[]);
    let good = std::fs::read(&file).unwrap();
    let mut dice = Dice::new(11);
    let refused = |bytes: &[u8]| scene.keyring(|keyring| open(bytes, keyring)).unwrap_err();
    for _ in 0..1_000 {
        let at = dice.place(good.len());
        let mut altered = good.clone();
        altered[at] ^= 1 << dice.place(8);
        let problem = refused(&altered);
        assert!(problem.code.starts_with("i") && !problem.what.is_empty(), "byte {at}: {problem:?}");
    }
    for cut in (0..good.len()).step_by(97) {
        refused(&good[..cut]);
    }
    refused(&[good.as_slice(), b"more"].concat());
    std::fs::write(scene.file("half"), &good[..good.len() / 2]).unwrap();
    let said = scene.replay(&scene.file("half"), &[]);
    assert!(said.code == 3 && said.err.starts_with("error[incident_cut]"), "{said:?}");
    let foreign = scene.replay(&scene.identity.clone(), &[]);
    assert!(foreign.code == 1 && foreign.err.starts_with("error[incident_foreign]"), "{foreign:?}");
}
