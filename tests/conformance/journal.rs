//! The log as it was written: every event in the very bytes that were hashed.

use kernel::event::event_hash;
use kernel::hash::HashText;
use kernelos_tests::crash::Client;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Page {
    events: Vec<Listed>,
    next: u64,
}

#[derive(Deserialize)]
struct Listed {
    event: Box<RawValue>,
    hash: HashText,
    content: Value,
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What stands in it.
    pub event: Value,
    /// Its content, opened.
    pub content: Value,
}

impl Event {
    /// A text of the event, by pointer.
    pub fn text(&self, pointer: &str) -> &str {
        self.event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of the event, by pointer.
    pub fn number(&self, pointer: &str) -> u64 {
        self.event.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
    }
}

/// The whole log of `workspace`. Its chain is whole: positions and places in streams follow one another without a gap,
/// every event has the hash that is told of it, and names the hash of the event before it in its stream.
pub fn whole(client: &mut Client, workspace: &str) -> Vec<Event> {
    let (mut events, mut after) = (Vec::new(), 0);
    let mut ends: BTreeMap<String, (u64, HashText)> = BTreeMap::new();
    loop {
        let path = format!("/v1/workspaces/{workspace}/events?after={after}&limit=256");
        let answer = client.get(&path).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
        let page: Page = serde_json::from_slice(&answer.body).unwrap();
        if page.events.is_empty() {
            assert_eq!(page.next, after);
            return events;
        }
        for Listed { event: raw, hash, content } in page.events {
            let event = Event { event: serde_json::from_str(raw.get()).unwrap(), content };
            assert_eq!(event.number("/pos"), events.len() as u64 + 1, "the log has a gap");
            assert_eq!(hash, HashText(event_hash(raw.get().as_bytes())), "event {} was altered", events.len() + 1);
            let (seq, previous) = ends.entry(event.text("/stream").to_owned()).or_insert((0, HashText([0; 32])));
            assert_eq!(event.number("/seq"), *seq + 1, "stream {} has a gap", event.text("/stream"));
            assert_eq!(event.text("/previous"), previous.to_string(), "event {} follows another", events.len() + 1);
            (*seq, *previous) = (*seq + 1, hash);
            events.push(event);
        }
        after = page.next;
    }
}
