//! Several commands in one request: each is decided for itself, in order, or the request is not understood at all.

use crate::host::shared;
use crate::journal;
use crate::room::Room;
use serde_json::{Value, json};

fn batch(commands: &[Value]) -> String {
    json!({"commands": commands}).to_string()
}

fn task(title: &str) -> Value {
    json!({"type": "task.create", "data": {"title": title}})
}

/// Position of the last event of a command that was accepted.
fn last(outcome: &Value) -> u64 {
    outcome["pos"].as_u64().unwrap() + outcome["events"].as_u64().unwrap() - 1
}

#[test]
fn commands_of_a_batch_take_effect_in_order_and_one_that_does_not_stops_no_other() {
    let host = shared();
    let mut room = Room::new(host.client());
    let before = room.end();
    let body = batch(&[task("one"), task(""), task("two")]);
    let answer = room.batch("key", &body);
    assert_eq!(answer.status, 200, "{}", answer.json());
    let outcomes = answer.json()["outcomes"].as_array().unwrap().clone();
    let statuses: Vec<&str> = outcomes.iter().map(|outcome| outcome["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["accepted", "rejected", "accepted"]);
    assert_eq!(outcomes[1]["problem"]["code"], "invalid_argument");
    assert_eq!(last(&outcomes[0]), outcomes[1]["pos"].as_u64().unwrap() - 1);
    assert_eq!(outcomes[2]["pos"].as_u64().unwrap(), outcomes[1]["pos"].as_u64().unwrap() + 1);
    let log = journal::whole(&mut room.client, &room.id);
    let names: Vec<&str> = log[before as usize..].iter().map(|event| event.text("/type")).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| *name != "key.created").collect();
    assert_eq!(names, ["task.created", "command.rejected", "task.created"]);
    assert_eq!(room.batch("key", &body).body, answer.body, "the whole batch is told again");
    assert_eq!(room.end(), last(&outcomes[2]));
}

#[test]
fn a_batch_that_is_not_understood_is_refused_whole_and_names_the_place() {
    let host = shared();
    let mut room = Room::new(host.client());
    let before = (room.end(), room.root());
    for bad in [
        json!({"type": "task.crate", "data": {"title": "x"}}),
        json!({"type": "task.create", "data": {"title": 7}}),
        json!({"type": "task.create"}),
        json!({"type": "task.create", "data": {"title": "x"}, "more": 1}),
        json!(7),
    ] {
        let answer = room.batch("key", &batch(&[task("good"), bad.clone(), task("good too")]));
        assert_eq!(answer.status, 422, "{bad}: {}", answer.json());
        assert!(answer.text("/detail").contains("commands[1]"), "{bad}: {}", answer.json());
    }
    assert_eq!((room.end(), room.root()), before);
    // Nothing remembers a request that was not understood: its key is free.
    assert_eq!(room.batch("key", &batch(&[task("good")])).status, 200);
}

#[test]
fn a_batch_cut_in_half_and_sent_again_whole_takes_effect_once() {
    let host = shared();
    let mut room = Room::new(host.client());
    let half = batch(&[task("one"), task("two")]);
    let first = room.batch("key", &half);
    assert_eq!(first.status, 200, "{}", first.json());
    let whole = room.batch("key", &batch(&[task("one"), task("two"), task("three"), task("four")]));
    let outcomes = whole.json()["outcomes"].as_array().unwrap().clone();
    assert_eq!(outcomes[..2], first.json()["outcomes"].as_array().unwrap()[..]);
    assert_eq!(room.end(), last(&outcomes[3]));
    assert_eq!(
        journal::whole(&mut room.client, &room.id).iter().filter(|it| it.text("/type") == "task.created").count(),
        4
    );
}

#[test]
fn the_same_command_twice_in_one_batch_under_one_id_is_decided_once() {
    let host = shared();
    let mut room = Room::new(host.client());
    let key = [9; 32];
    room.make("device.enroll", &json!({"public_key": kernel::hash::HashText(key)}));
    let id = kernel::id::CommandId { device: kernel::id::DeviceId::of(&key), incarnation: 0, counter: 1 };
    let command = json!({"id": id, "type": "task.create", "data": {"title": "once"}});
    let answer = room.batch("", &batch(&[command.clone(), command])).json();
    assert_eq!(answer["outcomes"][0], answer["outcomes"][1], "{answer}");
    assert_eq!(room.end(), last(&answer["outcomes"][0]));
}
