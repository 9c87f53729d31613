//! Waiting for an answer instead of asking for it again and again.

use crate::host::shared;
use crate::room::Room;
use crate::scene::{Mute, of_kind};
use crate::support::aimock::Aimock;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn a_request_that_waits_is_answered_when_the_task_has_come_to_rest() {
    let (host, models) = (shared(), Aimock::start());
    let mut room = Room::new(host.client());
    let agent = room.agent(&models.base_url());
    let asked = room.make("task.ask", &json!({"agent": agent, "prompt": "slow-answer"}));
    let task = of_kind(&asked, "task");
    let at_once = room.get(&format!("/tasks/{task}"));
    assert_eq!(at_once["steps"][0]["status"], "waiting", "{at_once}");
    let waited = room.get(&format!("/tasks/{task}?wait=30000"));
    assert_eq!(waited["steps"][0]["status"], "answered", "{waited}");
    assert_eq!(waited["steps"][0]["answer"], "Sorry for the wait.");
    let again = Instant::now();
    assert_eq!(room.get(&format!("/tasks/{task}?wait=30000")), waited);
    assert!(again.elapsed() < Duration::from_secs(15), "there was nothing to wait for any more");
}

#[test]
fn a_request_that_waited_in_vain_is_told_how_things_stand() {
    let (host, mute) = (shared(), Mute::start());
    let mut room = Room::new(host.client());
    let agent = room.agent(&mute.base_url());
    let asked = room.make("task.ask", &json!({"agent": agent, "prompt": "Are you there?"}));
    let task = of_kind(&asked, "task");
    let begun = Instant::now();
    let stands = room.get(&format!("/tasks/{task}?wait=400"));
    assert!(begun.elapsed() >= Duration::from_millis(400), "it did not wait");
    assert_eq!(stands["steps"][0]["status"], "waiting", "{stands}");
}

#[test]
fn those_who_wait_hold_up_nobody() {
    let (host, mute) = (shared(), Mute::start());
    let mut room = Room::new(host.client());
    let agent = room.agent(&mute.base_url());
    let asked = room.make("task.ask", &json!({"agent": agent, "prompt": "Are you there?"}));
    let path = room.path(&format!("/tasks/{}?wait=20000", of_kind(&asked, "task")));
    let waiting: Vec<_> = (0..16)
        .map(|_| {
            let (mut client, path) = (host.client(), path.clone());
            std::thread::spawn(move || client.get(&path).unwrap())
        })
        .collect();
    for nth in 0..20 {
        room.one("task.create", &json!({"title": format!("task {nth}")}));
    }
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "somebody did not wait");
    room.make("task.cancel", &json!({"task": of_kind(&asked, "task")}));
    for waiting in waiting {
        let answer = waiting.join().unwrap();
        assert_eq!((answer.status, answer.text("/status").as_str()), (200, "cancelled"), "{}", answer.json());
    }
}
