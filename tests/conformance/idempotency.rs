//! A request may be sent again, by anybody who is not sure, as often as they like.

use crate::host::shared;
use crate::room::{Room, fresh_key};
use kernel::hash::HashText;
use kernel::id::{CommandId, DeviceId};
use serde_json::{Value, json};

fn task(title: &str) -> String {
    json!({"commands": [{"type": "task.create", "data": {"title": title}}]}).to_string()
}

#[test]
fn the_same_request_gets_the_same_bytes_and_changes_nothing() {
    let host = shared();
    let mut room = Room::new(host.client());
    let first = room.batch("key", &task("one"));
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, None), "{}", first.json());
    let before = (room.end(), room.root());
    for _ in 0..3 {
        let again = room.batch("key", &task("one"));
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    assert_eq!((room.end(), room.root()), before);
}

#[test]
fn other_bytes_under_a_key_that_was_used_are_refused_without_a_trace() {
    let host = shared();
    let mut room = Room::new(host.client());
    let first = room.batch("key", &task("one"));
    let before = (room.end(), room.root());
    for other in [task("two"), task("one").replace("\"data\":", "\"data\": ")] {
        let refused = room.batch("key", &other);
        assert_eq!((refused.status, refused.text("/code").as_str()), (409, "idempotency_key_reused"));
    }
    assert_eq!((room.end(), room.root()), before);
    assert_eq!(room.batch("key", &task("one")).body, first.body, "the first request stands");
}

#[test]
fn many_who_send_the_same_at_once_are_told_the_same_and_it_happens_once() {
    let host = shared();
    let mut room = Room::new(host.client());
    let before = room.end();
    let (path, body) = (room.path("/commands"), task("by all of them"));
    let told: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..16)
            .map(|_| {
                let (mut client, path, body) = (host.client(), &path, &body);
                scope.spawn(move || {
                    let answer = client.post(path, "at-once", body.as_bytes()).unwrap();
                    assert_eq!(answer.status, 200, "{}", answer.json());
                    answer.body
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "they were told different things");
    let outcome: Value = serde_json::from_slice(&told[0]).unwrap();
    assert_eq!(room.end(), before + outcome["outcomes"][0]["events"].as_u64().unwrap());
}

#[test]
fn a_refusal_that_is_on_record_is_told_again_in_the_same_bytes() {
    let host = shared();
    let mut room = Room::new(host.client());
    let first = room.batch("key", &task(""));
    assert_eq!((first.status, first.text("/code").as_str()), (422, "invalid_argument"), "{}", first.json());
    let again = room.batch("key", &task(""));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
}

#[test]
fn a_workspace_is_made_once_however_often_it_is_asked_for() {
    let host = shared();
    let (mut client, key) = (host.client(), fresh_key());
    let body = br#"{"name":"once"}"#;
    let first = client.post("/v1/workspaces", &key, body).unwrap();
    assert_eq!(first.status, 201, "{}", first.json());
    assert_eq!(first.header("location"), Some(format!("/v1/workspaces/{}", first.text("/id")).as_str()));
    let again = client.post("/v1/workspaces", &key, body).unwrap();
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = client.post("/v1/workspaces", &key, br#"{"name":"other"}"#).unwrap();
    assert_eq!((other.status, other.text("/code").as_str()), (409, "idempotency_key_reused"), "{}", other.json());
    let id = kernel::id::WorkspaceId::new(&[3; 32], &random()).to_string();
    let offline = json!({"id": id, "name": "made offline"}).to_string();
    let brought = client.post("/v1/workspaces", "", offline.as_bytes()).unwrap();
    assert_eq!((brought.status, brought.text("/id")), (201, id), "{}", brought.json());
    assert_eq!(client.post("/v1/workspaces", "", offline.as_bytes()).unwrap().body, brought.body);
}

/// Sixteen bytes that no other run has.
fn random() -> [u8; 16] {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_nanos().to_le_bytes()
}

#[test]
fn a_device_that_counts_its_commands_may_send_them_again_and_not_change_them() {
    let host = shared();
    let mut room = Room::new(host.client());
    let key = [7; 32];
    room.make("device.enroll", &json!({"public_key": HashText(key)}));
    let id = CommandId { device: DeviceId::of(&key), incarnation: 0, counter: 1 };
    let counted =
        |title: &str| json!({"commands": [{"id": id, "type": "task.create", "data": {"title": title}}]}).to_string();
    let first = room.batch("", &counted("one"));
    assert_eq!((first.status, first.text("/outcomes/0/command")), (200, id.to_string()), "{}", first.json());
    let before = room.end();
    assert_eq!(room.batch("", &counted("one")).body, first.body);
    let other = room.batch("", &counted("two"));
    assert_eq!((other.status, other.text("/code").as_str()), (409, "command_id_reused"), "{}", other.json());
    assert_eq!(room.end(), before);
}
