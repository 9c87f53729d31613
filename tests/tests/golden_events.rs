//! Every event type and version that was ever released decodes for ever.
//!
//! `contract/events/<type>.v<N>.json` is the stored body of one such event, byte by byte; `<type>.v<N>-<what>.json` is
//! one of another shape. A released file is never changed: `UPDATE_GOLDEN=1` adds files for what has none.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use kernel::apply::apply_noting;
use kernel::entity::{Agent, Kind};
use kernel::event::{EventData, Header, Outcome};
use kernel::id::{Id, RuntimeId};
use kernel::key::{BranchId, Key, Space};
use kernel::seal::Subject;
use kernel::state::State;
use kernel::view::{Answer, View};
use kernelos_tests::history::{Author, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use testkit::block_on;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contract/events")
}

/// Released bodies by file name.
fn released() -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder()).expect("there is a folder of released events").map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

/// Type and version in a file's name.
fn named(file: &str) -> (String, u16) {
    let stem = file.strip_suffix(".json").expect("released events are JSON");
    let (name, version) = stem.rsplit_once(".v").expect("the name says the version");
    let version = version.split('-').next().unwrap();
    (name.to_owned(), version.parse().unwrap())
}

fn decode(file: &str, body: &[u8]) -> (Header, EventData) {
    Header::decode(body).unwrap_or_else(|why| panic!("{file} does not decode any more: {why}"))
}

#[test]
fn every_released_event_decodes_and_the_newest_versions_encode_to_the_same_bytes() {
    add_missing();
    for (file, body) in released() {
        let (header, data) = decode(&file, &body);
        let (name, newest) = data.schema();
        assert_eq!((header.name.as_ref(), header.version), (named(&file).0.as_str(), named(&file).1), "{file}");
        assert_eq!(header.name, name, "{file}");
        if header.version == newest {
            let again = header.encode(&data).unwrap();
            assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(body).unwrap(), "{file}");
        }
    }
}

#[test]
fn every_type_has_a_file_for_every_version_up_to_its_newest() {
    add_missing();
    let mut versions: BTreeMap<String, (u16, BTreeSet<u16>)> = BTreeMap::new();
    for (file, body) in released() {
        let (name, newest) = decode(&file, &body).1.schema();
        versions.entry(name.to_owned()).or_insert((newest, BTreeSet::new())).1.insert(named(&file).1);
    }
    for name in EventData::NAMES {
        let (newest, found) = versions.get(*name).unwrap_or_else(|| panic!("no {name} was released"));
        assert_eq!(found.iter().copied().collect::<Vec<_>>(), (1..=*newest).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn every_released_event_applies() {
    add_missing();
    for (file, body) in released() {
        let (header, data) = decode(&file, &body);
        let mut state = State::complete();
        apply_noting(&mut state, &header, &data);
        let written = state.spaces().map(|(_, rows)| rows.len()).sum::<usize>();
        assert!(written > 0 || header.first.is_none(), "{file} changes nothing");
    }
}

#[test]
fn an_agent_of_version_1_is_an_agent_without_instructions() {
    add_missing();
    let file = "agent.defined.v1.json";
    let (header, data) = decode(file, released().get(file).expect("it was released"));
    let EventData::AgentDefined(defined) = &data else { panic!("{data:?}") };
    assert_eq!((header.version, data.schema().1, &defined.instructions), (1, 2, &None));
    let mut state = State::complete();
    apply_noting(&mut state, &header, &data);
    let Answer::Present(row) = state.get(Space::MAIN, &Key::Agent(defined.agent)) else { panic!("there is no agent") };
    let agent = Agent::of(row.entity).unwrap();
    assert_eq!((*agent.provider, agent.instructions.0.as_ref()), (defined.provider, None));
    assert_eq!(agent.name.as_ref().and_then(|name| name.unit()).map(|unit| unit.at), Some(Some(header.pos)));
}

/// With `UPDATE_GOLDEN=1`, write files for what has none. What is there is never written again.
fn add_missing() {
    if std::env::var("UPDATE_GOLDEN").is_err() {
        return;
    }
    std::fs::create_dir_all(folder()).unwrap();
    for (file, body) in shapes() {
        let path = folder().join(file);
        if !path.exists() {
            std::fs::write(path, body).unwrap();
        }
    }
}

/// Events of every type and shape, from a story that has them all.
fn shapes() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for event in told() {
        let (header, data) = Header::decode(&event).unwrap();
        let shape = match &data {
            EventData::StepSettled(it) => shape(&it.outcome),
            EventData::ReportLate(it) => shape(&it.outcome),
            EventData::LeaseGranted(it) if it.in_doubt => "-in_doubt",
            EventData::ProviderDefined(it) if it.key_ref.is_some() => "-with_key",
            EventData::AgentDefined(it) if it.instructions.is_none() => {
                let body = String::from_utf8(event.clone()).unwrap().replace("\"version\":2,", "\"version\":1,");
                files.entry("agent.defined.v1.json".to_owned()).or_insert(body.into_bytes());
                "-without_instructions"
            }
            _ => "",
        };
        files.entry(format!("{}.v{}{shape}.json", header.name, header.version)).or_insert(event);
    }
    files
}

fn shape(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Answered { .. } => "",
        Outcome::Failed { .. } => "-failed",
        Outcome::Erased { .. } => "-erased",
    }
}

/// A workspace in which everything happens once.
fn told() -> Vec<Vec<u8>> {
    let (mut author, opening) = Author::begin(0);
    let mut world = block_on(World::new());
    block_on(world.play(&opening, &[]));
    let mut send = |by: usize, branch, name: &str, data: Value| -> Vec<Id> {
        block_on(world.send(&author.write(by, branch, name, &data))).unwrap().made
    };
    let main = BranchId::Main;
    let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "https://example.org", "model": "m", "key_ref": "env:KEY"});
    let provider = *send(0, main, "provider.define", provider).first().unwrap();
    send(0, main, "agent.define", json!({"name": "plain", "provider": provider}));
    let agent = json!({"name": "brief", "provider": provider, "instructions": "Be brief."});
    let agent = *send(0, main, "agent.define", agent).first().unwrap();
    let fork = BranchId::Forked(*send(0, main, "branch.fork", json!({"name": "draft"})).first().unwrap());
    send(0, fork, "task.create", json!({"title": "on the draft"}));
    let [runtime, boot] = [json!(runtime_of(0)), json!(kernel::id::BootId([7; 16]))];
    send(0, main, "runtime.join", json!({"runtime": runtime, "boot": boot}));
    let report = |effect: Id, fence: u64, outcome: &Value| json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": fence, "outcome": outcome});
    let answered = json!({"is": "answered", "text": "Eight.", "stop": "end", "input_tokens": 9, "output_tokens": 5});
    let failed = json!({"is": "failed", "class": "refused", "detail": "no"});
    let lease = json!({"runtime": runtime, "boot": boot, "ttl_ms": 1_000});
    for (nth, outcome) in [&answered, &failed, &answered].into_iter().enumerate() {
        let ask = json!({"agent": agent, "prompt": "How many legs has a spider?", "max_tokens": 64});
        let made = send(1, main, "task.ask", ask);
        let [task, _, effect] = made.as_slice() else { panic!("{made:?}") };
        send(0, main, "effect.lease", lease.clone());
        let renew = json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": 1, "ttl_ms": 2_000});
        send(0, main, "effect.renew", renew);
        send(2, main, "runtime.join", json!({"runtime": runtime, "boot": kernel::id::BootId([8; 16])}));
        send(2, main, "runtime.join", json!({"runtime": runtime, "boot": boot}));
        send(0, main, "effect.lease", lease.clone());
        if nth == 2 {
            send(0, main, "key.destroy", json!({"subject": Subject::Task(*task)}));
        }
        send(0, main, "effect.report", report(*effect, 1, outcome));
        send(0, main, "effect.report", report(*effect, 2, outcome));
    }
    send(0, main, "task.create", json!({"title": "a\u{7}b"}));
    world.dump().events.into_iter().map(|event| event.body).collect()
}

fn runtime_of(device: usize) -> RuntimeId {
    let (author, _) = Author::begin(0);
    RuntimeId { device: author.devices.get(device).unwrap().id, slot: 1 }
}
