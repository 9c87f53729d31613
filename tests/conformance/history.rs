//! The past of a workspace, on every kind of host: what was, what changed, and why.

use crate::room::Room;
use crate::routes::{description, is_problem};
use crate::scene::Scene;
use serde_json::{Value, json};

/// A workflow that writes a document, and writes it again in other words.
fn workflow(text: &str) -> Value {
    json!({
        "document": {"dsl": "1.0.0", "namespace": "history", "name": "prices", "version": "0.1.0"},
        "do": [{"write": {"call": "documents.write", "with": {"path": "prices.md", "text": text}}}]
    })
}

/// Run it; the task, and where the log ends then.
fn written(room: &mut Room, text: &str) -> (String, u64) {
    let workflow = room.one("workflow.define", &json!({"source": workflow(text)}));
    let task = room.one("run.start", &json!({"workflow": workflow, "input": {}}));
    (task, room.end())
}

#[test]
fn a_wrong_change_is_found_and_led_back_to_whoever_made_it() {
    let mut room = Room::shared();
    let (_, right) = written(&mut room, "a tent costs 120");
    let (task, wrong) = written(&mut room, "a tent costs 12");
    let id = room.get("/documents")["documents"][0]["id"].as_str().unwrap().to_owned();

    let then = room.get(&format!("/state/document/{id}?at={right}"));
    assert_eq!((&then["fields"]["text"], &then["fields"]["version"]), (&json!("a tent costs 120"), &json!(1)));
    let now = room.get(&format!("/state/document/{id}"));
    assert_eq!(now["fields"]["text"], "a tent costs 12");

    let diff = room.get(&format!("/diff?from={right}&to={wrong}"));
    let changed = diff["entities"].as_array().unwrap().iter().find(|it| it["key"] == format!("document/{id}")).unwrap();
    assert_eq!(changed["fields"]["text"], json!({"old": "a tent costs 120", "new": "a tent costs 12"}));
    let counted = |kind: &str| diff["kinds"].as_array().unwrap().iter().find(|it| it["kind"] == kind).cloned();
    assert_eq!(counted("document"), Some(json!({"kind": "document", "added": 0, "changed": 1})));
    assert_eq!(counted("workflow"), Some(json!({"kind": "workflow", "added": 1, "changed": 0})));

    let why = room.get(&format!("/why/{}", changed["since"]));
    assert_eq!(why["task"], task.as_str());
    let events: Vec<&str> = why["reasons"].as_array().unwrap().iter().map(|it| it["event"].as_str().unwrap()).collect();
    let way = ["document.written", "call.requested", "run.started", "task.created", "workflow.defined"];
    assert_eq!(events, way, "{why}");
    let begun = &why["reasons"][3];
    assert!(begun["actor"].as_str().is_some_and(|actor| !actor.is_empty()), "{begun}");
    assert_eq!(room.get(&format!("/why/{task}"))["reasons"][0]["event"], "run.ended");
}

#[test]
fn a_question_is_led_back_from_its_answer_to_what_the_model_was_told() {
    let mut scene = Scene::set();
    let task = scene.answered.clone();
    let why = scene.room.get(&format!("/why/{task}"));
    let reasons = why["reasons"].as_array().unwrap();
    let events: Vec<&str> = reasons.iter().map(|it| it["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["step.settled", "lease.granted", "step.requested", "task.created", "agent.defined"], "{why}");
    assert_eq!(reasons[0]["told"]["turn"], 1);
    assert!(reasons[0]["told"]["last"].to_string().contains("What is KernelOS?"), "{why}");
}

#[test]
fn what_was_said_under_a_key_that_was_destroyed_is_unreadable_in_the_past_too() {
    let mut room = Room::shared();
    let task = room.one("task.create", &json!({"title": "a private matter"}));
    let then = room.end();
    room.make("key.destroy", &json!({"subject": format!("task/{task}")}));
    let state = room.get(&format!("/state/task/{task}?at={then}"));
    assert_eq!((&state["at"], &state["fields"]["title"]), (&json!(then), &Value::Null));
    let subject = room.get(&format!("/state/subject/task%2F{task}"));
    assert_eq!(subject["fields"]["destroyed"], true);
    let before = room.get(&format!("/state/subject/task%2F{task}?at={then}"));
    assert_eq!(before["fields"].get("destroyed"), None);
    let diff = room.get(&format!("/diff?from={}&to={then}", then - 1));
    assert!(!diff.to_string().contains("private") && !room.get("/why/1").to_string().contains("private"));
}

#[test]
fn positions_that_are_none_are_problems() {
    let mut room = Room::shared();
    let description = description(&mut room.client);
    let task = room.one("task.create", &json!({"title": "one"}));
    let end = room.end();
    let mut refused = |path: String, code: &str| {
        let path = room.path(&path);
        let answer = room.client.get(&path).unwrap();
        is_problem(&description, &answer, code);
        answer.text("/detail")
    };
    for path in
        [format!("/state/task/{task}?at={}", end + 1), format!("/why/{}", end + 1), format!("/diff?to={}", end + 1)]
    {
        assert!(refused(path, "invalid_argument").contains(&format!("the log ends at {end}")));
    }
    for path in ["/diff?from=3&to=2", "/diff?to=0", "/diff?from=x", "/why/0"] {
        refused(path.to_owned(), "invalid_argument");
    }
    refused(format!("/state/task/{task}?at=0"), "invalid_argument");
    refused("/why/x".to_owned(), "bad_id");
    refused("/state/nothing/-".to_owned(), "bad_id");
    refused(format!("/state/task/{task}?at=1"), "not_found");
}
