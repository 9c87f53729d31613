//! What was due while nobody was there happens when somebody is again, and nobody has to ask for it.

use crate::host::Place;
use crate::journal;
use crate::room::{Room, wait_for};
use crate::scene::{of_kind, workflow};
use crate::support::peer::Peer;
use crate::support::web::Web;
use serde_json::json;
use std::time::Duration;

/// A workflow that waits that long and then calls the webhook of `web`.
fn reminder(room: &mut Room, web: &Web, wait: &str) -> String {
    room.make("egress.allow", &json!({"hosts": [web.origin()], "private": ["127.0.0.0/8"]}));
    let post = json!({"method": "post", "endpoint": format!("{}/reports", web.origin()), "body": {"now": true},
        "idempotency": "retry"});
    let source = workflow(&json!([{"pause": {"wait": wait}}, {"tell": {"call": "http", "with": post}}]));
    let workflow = room.one("workflow.define", &json!({"source": source}));
    of_kind(&room.make("run.start", &json!({"workflow": workflow, "input": {}})), "task")
}

#[test]
fn a_timer_that_came_due_while_the_host_was_down_fires_after_the_restart_by_itself() {
    let (place, web) = (Place::new(), Web::start());
    let host = place.start();
    let mut room = Room::new(host.client());
    let task = reminder(&mut room, &web, "PT2S");
    host.kill();
    std::thread::sleep(Duration::from_millis(2_200));
    assert!(web.visits().is_empty(), "the reminder came before its time");
    let host = place.start();
    // Nobody asks the host anything meanwhile.
    wait_for("the reminder", || web.to("POST", "/reports").pop());
    room.client = host.client();
    let ended = room.get(&format!("/tasks/{task}?wait=30000"));
    assert_eq!(ended["status"], "done", "{ended}");
    assert_eq!(web.to("POST", "/reports").len(), 1);
}

#[test]
fn a_timer_that_is_not_due_yet_when_the_host_comes_back_fires_at_its_time() {
    let (place, web) = (Place::new(), Web::start());
    let host = place.start();
    let mut room = Room::new(host.client());
    let task = reminder(&mut room, &web, "PT3S");
    host.stop().unwrap();
    let host = place.start();
    wait_for("the reminder", || web.to("POST", "/reports").pop());
    room.client = host.client();
    let ended = room.get(&format!("/tasks/{task}?wait=30000"));
    assert_eq!(ended["status"], "done", "{ended}");
    let log = journal::whole(&mut room.client, &room.id);
    let at = |name: &str| log.iter().find(|event| event.text("/type") == name).unwrap().number("/accepted_at");
    assert!(at("timer.ended") >= at("timer.set") + 3_000, "it fired before its time");
}

#[test]
fn a_question_that_was_in_flight_is_asked_again_after_the_restart_under_the_same_key() {
    let (place, peer) = (Place::new(), Peer::start(1));
    let host = place.start();
    let mut room = Room::new(host.client());
    let agent = room.agent(&peer.base_url());
    let asked = room.make("task.ask", &json!({"agent": agent, "prompt": "slow question"}));
    wait_for("the question", || peer.calls().pop());
    host.kill();
    peer.next_generation(1);
    let host = place.start();
    // Nobody asks the host anything meanwhile.
    wait_for("the question once more", || (peer.calls().len() == 2).then_some(()));
    let [first, second] = peer.calls().try_into().unwrap();
    assert_eq!(first.key, second.key);
    room.client = host.client();
    let task = room.get(&format!("/tasks/{}?wait=30000", of_kind(&asked, "task")));
    assert_eq!(task["steps"][0]["status"], "answered", "{task}");
    assert_eq!(task["steps"][0]["lost"], 1, "{task}");
    assert_eq!(peer.calls().len(), 2);
}
