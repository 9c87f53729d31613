//! Every event type and version that was ever released decodes for ever.
//!
//! `contract/events/<type>.v<N>.json` is the stored body of one such event, byte by byte; `<type>.v<N>-<what>.json` is
//! one of another shape. A released file is never changed: `UPDATE_GOLDEN=1` adds files for what has none.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use kernel::apply::apply_noting;
use kernel::entity::{Agent, Kind};
use kernel::event::{EventData, Header};
use kernel::key::{Key, Space};
use kernel::state::State;
use kernel::view::{Answer, Lookup as _};
use kernelos_tests::history::told;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Once;

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
fn the_pages_about_the_kernel_name_every_type_and_its_version() {
    let page = |name: &str| {
        let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
        std::fs::read_to_string(docs.join(name)).unwrap()
    };
    let (kernel, work) = (page("kernel.md"), page("kernel/work.md"));
    let newest: BTreeMap<&str, u16> = released().iter().map(|(file, body)| decode(file, body).1.schema()).collect();
    for (name, version) in newest {
        let row = kernel.lines().find_map(|line| line.strip_prefix(&format!("| `{name}` | "))).map(str::to_owned);
        let told = row.map_or(u16::from(work.contains(&format!("`{name}`"))), |row| {
            row.split([' ', '|']).next().and_then(|version| version.parse().ok()).unwrap_or_default()
        });
        assert_eq!(told, version, "{name}");
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
    assert_eq!((header.version, data.schema().1, &defined.instructions), (1, 3, &None));
    let mut state = State::complete();
    apply_noting(&mut state, &header, &data);
    let Answer::Present(row) = state.get(Space::MAIN, &Key::Agent(defined.agent)) else { panic!("there is no agent") };
    let agent = Agent::of(row.entity).unwrap();
    assert_eq!((*agent.provider, agent.instructions.0.as_ref()), (defined.provider, None));
    assert_eq!(agent.name.as_ref().and_then(|name| name.unit()).map(|unit| unit.at), Some(Some(header.pos)));
}

/// With `UPDATE_GOLDEN=1`, write files for what has none. What is there is never written again.
fn add_missing() {
    static ONCE: Once = Once::new();
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        ONCE.call_once(write_missing);
    }
}

fn write_missing() {
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
            EventData::LeaseGranted(it) if it.in_doubt => "-in_doubt".to_owned(),
            EventData::ProviderDefined(it) if it.key_ref.is_some() => "-with_key".to_owned(),
            EventData::AgentDefined(it) if it.instructions.is_none() => "-without_instructions".to_owned(),
            data => shape(data),
        };
        files.entry(format!("{}.v{}{shape}.json", header.name, header.version)).or_insert(event);
    }
    files
}

/// What tells events of one type apart: the word that says what came of it, or what moved.
fn shape(data: &EventData) -> String {
    let data: Value = serde_json::from_str(data.encode().unwrap().get()).unwrap();
    let is = [data.pointer("/outcome/is"), data.get("is"), data.get("decision"), data.get("kind")];
    let is = is.into_iter().flatten().find_map(Value::as_str).filter(|is| *is != "answered");
    is.map(|is| format!("-{is}")).unwrap_or_default()
}
