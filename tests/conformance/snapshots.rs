//! Snapshots: made when they are asked for and by themselves, whole or not at all, and they stay.

use crate::host::{Place, shared};
use crate::room::{Room, wait_for};
use crate::routes::{description, is_problem};
use kernelos_tests::crash::Client;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

impl Room {
    /// So many tasks, in as few requests as there may be.
    pub fn tasks(&mut self, count: usize, of: &str) {
        for first in (0..count).step_by(64) {
            let task = |nth: usize| json!({"type": "task.create", "data": {"title": format!("{of} {nth}")}});
            let commands: Vec<Value> = (first..count.min(first + 64)).map(task).collect();
            let answer = self.batch(&format!("{of}-{first}"), &json!({ "commands": commands }).to_string());
            assert_eq!(answer.status, 200, "{}", answer.json());
            let outcomes = answer.json()["outcomes"].clone();
            assert!(outcomes.as_array().unwrap().iter().all(|outcome| outcome["status"] == "accepted"), "{outcomes}");
        }
    }

    /// Make a snapshot, which has to be possible.
    fn snapshot(&mut self, body: &Value) -> Value {
        let answer = self.client.post(&self.path("/snapshots"), "", body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.json());
        answer.json()
    }

    fn snapshots(&mut self) -> Vec<Value> {
        self.get("/snapshots")["snapshots"].as_array().unwrap().clone()
    }
}

#[test]
fn a_snapshot_is_of_the_workspace_as_it_is_and_of_one_position_there_is_one() {
    let host = shared();
    let mut room = Room::new(host.client());
    room.tasks(40, "before");
    let stands = room.get("");
    let made = room.snapshot(&json!({}));
    assert_eq!((&made["pos"], &made["roots"]), (&stands["pos"], &stands["roots"]));
    assert_eq!(room.get(""), stands, "it is no event");
    assert_eq!(room.snapshot(&json!({})), made);
    room.tasks(1, "behind");
    let next = room.snapshot(&json!({"whole": true}));
    assert_eq!(room.snapshots(), vec![made.clone(), next.clone()]);
    assert!(next["pos"].as_u64() > made["pos"].as_u64() && next["rows"].as_u64() > made["rows"].as_u64(), "{next}");
    let refused = room.client.post(&room.path("/snapshots"), "", br#"{"whole": 3}"#).unwrap();
    is_problem(&description(&mut room.client), &refused, "invalid_argument");
}

#[test]
fn a_workspace_that_is_worked_with_has_a_snapshot_by_itself_and_it_stays() {
    let place = Place::new();
    let host = place.start();
    let mut room = Room::new(host.client());
    room.tasks(10, "few");
    assert_eq!(room.snapshots(), Vec::<Value>::new());
    room.tasks(600, "many");
    let made = wait_for("a snapshot", || room.snapshots().pop());
    assert_eq!(made["fault"], Value::Null, "{made}");
    host.kill();
    let host = place.start();
    let mut room = Room::at(host.client(), &room.id);
    assert!(room.snapshots().contains(&made), "{made}");
    host.stop().unwrap();
    place.verify();
}

#[test]
fn killed_while_a_snapshot_is_made_a_host_makes_it_the_next_time() {
    let place = Place::new();
    let mut host = place.start();
    let id = {
        let mut room = Room::new(host.client());
        room.tasks(500, "some");
        room.id
    };
    for round in 0_u64..3 {
        let (address, token, id_there) = (host.address(), host.token().to_owned(), id.clone());
        let asked = thread::spawn(move || {
            let path = format!("/v1/workspaces/{id_there}/snapshots");
            // Whether it is answered depends on when the host is killed.
            Client::new(address, token).post(&path, "", br#"{"whole": true}"#).is_ok()
        });
        thread::sleep(Duration::from_millis(3 + 7 * round));
        host.kill();
        asked.join().unwrap();
        host = place.start();
        let mut room = Room::at(host.client(), &id);
        room.tasks(1, &format!("round-{round}"));
        let (made, stands) = (room.snapshot(&json!({})), room.get(""));
        assert_eq!((&made["pos"], &made["roots"], &made["fault"]), (&stands["pos"], &stands["roots"], &Value::Null));
    }
    host.stop().unwrap();
    place.verify();
}
