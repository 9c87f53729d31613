//! Compaction: old events are packed, nobody who reads them notices, and a host that is killed meanwhile goes on.

use crate::host::{Place, shared};
use crate::room::Room;
use crate::routes::{description, is_problem};
use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

impl Room {
    /// Every event, in pages.
    fn told(&mut self) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map_or(0, |event| event["event"]["pos"].as_u64().unwrap());
            let page = self.get(&format!("/events?after={after}&limit=200"));
            let page = page["events"].as_array().unwrap().clone();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    fn compact(&mut self) -> Value {
        let answer = self.client.post(&self.path("/compact"), "", b"{}").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }
}

#[test]
fn packed_events_are_read_as_before_and_what_was_done_is_not_done_again() {
    let host = shared();
    let mut room = Room::new(host.client());
    let first = json!({"commands": [{"type": "task.create", "data": {"title": "the first of all"}}]}).to_string();
    let done = room.batch("early-key", &first).json();
    room.tasks(350, "old");
    let (before, stands, space) = (room.told(), room.get(""), room.get("/space"));
    assert_eq!((&space["packed_to"], &space["parts"]["segments"]), (&json!(0), &json!(0)), "{space}");
    let compacted = room.compact();
    assert!(compacted["segments"].as_u64() >= Some(1), "{compacted}");
    assert!(
        compacted["bytes_after"].as_u64().unwrap() * 5 < compacted["bytes_before"].as_u64().unwrap(),
        "{compacted}"
    );
    let after = room.told();
    assert_eq!((before.len(), &before[0], before.last()), (after.len(), &after[0], after.last()));
    assert!(before == after);
    assert_eq!(room.get(""), stands, "it is no event");
    let again = room.batch("early-key", &first).json();
    assert_eq!(again["outcomes"][0]["pos"], done["outcomes"][0]["pos"]);
    assert_eq!(room.get(""), stands, "nothing was done again");
    let space = room.get("/space");
    assert_eq!(space["packed_to"], compacted["packed_to"]);
    assert!(space["parts"]["segments"].as_u64() > Some(0) && space["used"].as_u64() > Some(0), "{space}");
    let title = json!({"title": "the last of all"});
    room.make("task.create", &title);
    assert!(room.told().len() > before.len());
    let refused = room.client.post(&room.path("/compact"), "", br#"{"much": 3}"#).unwrap();
    is_problem(&description(&mut room.client), &refused, "invalid_argument");
}

#[test]
fn killed_while_it_packs_a_host_goes_on_the_next_time_and_no_event_is_lost() {
    let place = Place::new();
    let mut host = place.start();
    let (id, before) = {
        let mut room = Room::new(host.client());
        room.tasks(900, "some");
        (room.id.clone(), room.told())
    };
    for round in 0_u64..3 {
        let (address, token, path) = (host.address(), host.token().to_owned(), format!("/v1/workspaces/{id}/compact"));
        let asked = thread::spawn(move || {
            // Whether it is answered depends on when the host is killed.
            Client::new(address, token).post(&path, "", b"{}").is_ok()
        });
        thread::sleep(Duration::from_millis(10 + 60 * round));
        host.kill();
        asked.join().unwrap();
        host = place.start();
        assert!(Room::at(host.client(), &id).told() == before, "round {round}");
    }
    let mut room = Room::at(host.client(), &id);
    let done = room.compact();
    assert!(done["packed_to"].as_u64() > Some(1_000), "{done}");
    assert!(room.told() == before);
    host.stop().unwrap();
    place.verify();
}
