//! A long history on its way from one kind of host to another and back.

use crate::host::Place;
use crate::journal::{self, Event};
use crate::portability::File;
use crate::room::Room;
use kernelos_tests::hosts::Running;
use serde_json::{Value, json};

/// Commands of the history.
const COMMANDS: usize = 2_000;
/// As many as one request takes.
const AT_ONCE: usize = 64;

/// All that can be read of a workspace wherever it is, and its log.
type Seen = (Vec<Value>, Vec<Event>);

/// Send `commands` in as few requests as possible. All are accepted.
fn send(room: &mut Room, label: &str, commands: &[Value]) {
    for (nth, some) in commands.chunks(AT_ONCE).enumerate() {
        let answer = room.batch(&format!("{label}-{nth}"), &json!({"commands": some}).to_string());
        let outcomes = answer.json()["outcomes"].as_array().unwrap().clone();
        assert_eq!((answer.status, outcomes.len()), (200, some.len()));
        let refused = outcomes.iter().find(|outcome| outcome["status"] != "accepted");
        assert_eq!(refused, None);
    }
}

/// A workspace in which much happened, nothing of which goes on by itself.
fn history(room: &mut Room) {
    let provider = room.provider("http://127.0.0.1:1/v1");
    let draft = room.one("branch.fork", &json!({"name": "draft"}));
    let hello = json!({
        "document": {"dsl": "1.0.0", "namespace": "test", "name": "hello", "version": "1.0.0"},
        "do": [{"greet": {"set": {"greeting": "hello"}}}],
    });
    let commands: Vec<Value> = (0..COMMANDS - 3)
        .map(|nth| match nth % 10 {
            0 => command("agent.define", json!({"name": format!("agent {}", nth % 70), "provider": provider})),
            1 => command("egress.allow", json!({"hosts": [format!("h{nth}.example.com")]})),
            2 if nth % 100 == 2 => command("workflow.define", json!({"source": hello})),
            3 => {
                let mut command = command("task.create", json!({"title": format!("on a branch, {nth}")}));
                command["branch"] = json!(draft);
                command
            }
            _ => command("task.create", json!({"title": format!("task {nth} {}", "ä".repeat(nth % 200))})),
        })
        .collect();
    send(room, "history", &commands);
}

fn command(name: &str, data: Value) -> Value {
    json!({"type": name, "data": data})
}

fn seen(room: &mut Room) -> Seen {
    let mut reads: Vec<Value> =
        ["/agents", "/providers", "/workflows", "/capabilities", "/approvals?all=1", "/usage", "/egress", "/documents"]
            .map(|read| room.get(read))
            .into();
    let mut roots = room.get("")["roots"].clone();
    // Taking a workspace in is a fact of control.
    roots.as_object_mut().unwrap().remove("control");
    reads.push(roots);
    for skip in (0..).step_by(256) {
        let page = room.get(&format!("/tasks?skip={skip}&limit=256"));
        let is_last = page["tasks"].as_array().unwrap().is_empty();
        reads.push(page);
        if is_last {
            break;
        }
    }
    (reads, journal::whole(&mut room.client, &room.id))
}

/// Hold that `host` has what was seen of the workspace in `file`, and let it go on there.
fn arrives(file: &File, host: &Running, before: &Seen) -> Room {
    file.take_in(host);
    let mut room = Room::at(host.client(), &file.workspace);
    let (reads, log) = seen(&mut room);
    assert!(reads == before.0, "what is read is not the same");
    assert!(log.starts_with(&before.1), "the log is not the same");
    room.make("workspace.adopt", &json!({}));
    room
}

#[test]
fn two_thousand_commands_go_to_the_native_host_and_come_back_with_one_root_and_the_same_answers() {
    let (place, native, home) = (Place::new(), Place::native(), Place::new());
    let host = place.start();
    let mut room = Room::new(host.client());
    history(&mut room);
    let made = seen(&mut room);
    assert!(made.1.len() > COMMANDS);
    let away = File::of(&host, &room.id);
    host.kill();

    let there = native.start();
    let mut room = arrives(&away, &there, &made);
    let more: Vec<Value> =
        (0..100).map(|nth| command("task.create", json!({"title": format!("there, {nth}")}))).collect();
    send(&mut room, "there", &more);
    let grown = seen(&mut room);
    let back = File::of(&there, &room.id);
    there.kill();

    let host = home.start();
    arrives(&back, &host, &grown).one("task.create", &json!({"title": "home"}));
    host.stop().unwrap();
    home.verify();
}
