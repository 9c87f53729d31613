//! A host that is killed under writers: what was answered is there, once, and nothing is half there.
#![cfg(test)]
#![cfg(unix)]

mod support;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Client, component, root};

/// Writers at once.
const WRITERS: usize = 8;

/// Rounds, unless `KERNELOS_CRASH_ROUNDS` says otherwise.
const ROUNDS: usize = 3;

struct Process {
    child: Child,
    client: Client,
}

impl Process {
    fn start(data: &Path) -> Self {
        component("kernelos_wasi_gateway.wasm");
        let mut child = Command::new(env!("CARGO_BIN_EXE_kernelos-wasi-host"))
            .arg("--manifest")
            .arg(root().join("spin.toml"))
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = said["url"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, client: Client { address, token: said["token"].as_str().unwrap().to_owned() } }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What was asked for under which key, with the answer if there was one.
type Asked = BTreeMap<String, Option<Vec<u8>>>;

/// Write until the host is gone.
fn write(client: &Client, workspace: &str, name: &str, over: &AtomicBool) -> Asked {
    let mut asked = Asked::new();
    for nth in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("{name}-{nth}");
        let answer = client.define(workspace, &key, &key);
        let answered = answer.ok().filter(|answer| answer.status == 200).map(|answer| answer.body);
        let gone = answered.is_none();
        asked.insert(key, answered);
        if gone {
            break;
        }
    }
    asked
}

fn round(data: &Path, nth: usize, asked: &mut Asked) {
    let process = Process::start(data);
    let workspace = process.client.workspace();
    // What was asked in the round before and not answered is asked again; what was answered is answered alike.
    for (key, before) in asked.iter_mut() {
        let again = process.client.define(&workspace, key, key).unwrap();
        assert_eq!(again.status, 200, "{key}: {again:?}");
        let known = again.headers.contains_key("idempotent-replayed");
        match before {
            Some(before) => assert!(known && *before == again.body, "{key} was answered, and is lost or another"),
            None => *before = Some(again.body),
        }
    }
    let over = AtomicBool::new(false);
    let (client, name) = (&process.client, workspace.as_str());
    let more: Vec<Asked> = std::thread::scope(|scope| {
        let over = &over;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || write(client, name, &format!("r{nth}-w{writer}"), over)))
            .collect();
        std::thread::sleep(Duration::from_millis(300 + (nth as u64 * 137) % 700));
        let pid = process.child.id().to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        over.store(true, Ordering::Relaxed);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    process.kill();
    asked.extend(more.into_iter().flatten());
    is_whole(data, &workspace);
}

/// The database as it lies there is what the log leads to.
fn is_whole(data: &Path, workspace: &str) {
    let master = std::fs::read(data.join("master.key")).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&master).unwrap();
    mac.update(b"kernelos workspace key 1\0");
    mac.update(workspace.as_bytes());
    let key: [u8; 32] = mac.finalize().into_bytes().into();
    let store = store_sql::SqlStore::new(std::rc::Rc::new(support::File::open(&data.join("kernelos.db"))));
    let verified = testkit::block_on(sequencer::verify(&store, workspace.parse().unwrap(), &key)).unwrap();
    assert_eq!(verified.findings, []);
}

#[test]
fn killed_at_any_moment_under_writers_it_loses_nothing_and_does_nothing_twice() {
    let rounds = std::env::var("KERNELOS_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut asked = Asked::new();
    for nth in 0..rounds {
        round(&data, nth, &mut asked);
    }
    let process = Process::start(&data);
    let workspace = process.client.workspace();
    for key in asked.keys() {
        assert_eq!(process.client.define(&workspace, key, key).unwrap().status, 200, "{key}");
    }
    let events = process.client.events(&workspace);
    let defined = events.iter().filter(|event| event["event"]["type"] == "provider.defined").count();
    assert_eq!(defined, asked.len(), "each took effect once");
    assert!(asked.values().flatten().count() > rounds, "somebody was answered before each kill");
    process.kill();
}
