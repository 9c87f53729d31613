//! A workspace in which there is something of everything that can be read.

use crate::host::{Shared, shared};
use crate::room::{Room, wait_for};
use crate::support::aimock::Aimock;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long nothing happens where all that was begun has been done.
const AT_REST: Duration = Duration::from_secs(1);

/// A model's endpoint that takes every call and never answers one.
pub struct Mute(TcpListener);

impl Mute {
    /// Listen, and leave it at that.
    pub fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// What a client takes as its base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.0.local_addr().unwrap())
    }
}

/// The workspace.
pub struct Scene {
    /// The workspace itself.
    pub room: Room,
    /// An agent that answers.
    pub agent: String,
    /// An agent that never does.
    pub mute_agent: String,
    /// A task whose question was answered.
    pub answered: String,
    /// The effect that this question was.
    pub settled_effect: String,
    /// A task whose question waits for the mute agent.
    pub waiting: String,
    /// Its step.
    pub step: String,
    /// Its effect, which a runtime of the host holds.
    pub effect: String,
    /// A document.
    pub document: String,
    /// Where models answer.
    pub models: Aimock,
    _mute: Mute,
    /// The host.
    pub host: Arc<Shared>,
}

impl Scene {
    /// Make one.
    pub fn set() -> Self {
        let (host, models, mute) = (shared(), Aimock::start(), Mute::start());
        let mut room = Room::new(host.client());
        let agent = room.agent(&models.base_url());
        let mute_agent = room.agent(&mute.base_url());
        let asked = room.make("task.ask", &json!({"agent": agent, "prompt": "What is KernelOS?"}));
        let (answered, settled_effect) = (of_kind(&asked, "task"), of_kind(&asked, "effect"));
        let task = room.get(&format!("/tasks/{answered}?wait=30000"));
        assert_eq!(task["steps"][0]["status"], "answered", "{task}");
        let asked = room.make("task.ask", &json!({"agent": mute_agent, "prompt": "Are you there?"}));
        let [waiting, step, effect] = ["task", "step", "effect"].map(|kind| of_kind(&asked, kind));
        let path = room.path(&format!("/effects/{effect}"));
        wait_for("the lease of the effect", || (room.client.get(&path).unwrap().status == 200).then_some(()));
        asked_a_person(&mut room);
        at_rest(&mut room);
        let document = room.get("/documents")["documents"][0]["id"].as_str().unwrap().to_owned();
        Self {
            room,
            agent,
            mute_agent,
            answered,
            settled_effect,
            waiting,
            step,
            effect,
            document,
            models,
            _mute: mute,
            host,
        }
    }
}

/// Wait until nothing happens any more by itself: that a person is waited for is told by a runtime, where there is somebody to
/// tell, some time after it can be read.
fn at_rest(room: &mut Room) {
    let (mut end, mut since) = (room.end(), Instant::now());
    while since.elapsed() < AT_REST {
        std::thread::sleep(AT_REST / 10);
        let now = room.end();
        if now != end {
            (end, since) = (now, Instant::now());
        }
    }
}

/// A workflow wrote a document and waits for a person: the approval, and the digest of what it is about.
pub fn asked_a_person(room: &mut Room) -> (String, String) {
    let source = workflow(&json!([
        {"keep": {"call": "documents.write", "with": {"path": "kept.md", "text": "kept"}}},
        {"sure": {"call": "ask", "with": {"question": "Go on?", "approve": {"text": "kept"}}}}
    ]));
    let workflow = room.one("workflow.define", &json!({"source": source}));
    let task = of_kind(&room.make("run.start", &json!({"workflow": workflow, "input": {}})), "task");
    let approval = wait_for("an approval", || {
        let waiting = room.get("/approvals")["approvals"].as_array().cloned().unwrap_or_default();
        waiting.into_iter().find(|approval| approval["task"] == task.as_str())
    });
    let text = |name: &str| approval[name].as_str().unwrap().to_owned();
    (text("id"), text("digest"))
}

/// A workflow that does `tasks`.
pub fn workflow(tasks: &Value) -> Value {
    json!({
        "document": {"dsl": "1.0.3", "namespace": "conformance", "name": "story", "version": "1.0.0"},
        "do": tasks,
    })
}

/// The id of that kind among what a command made.
pub fn of_kind(made: &[String], kind: &str) -> String {
    let found = made.iter().find(|id| id.split('.').nth(3) == Some(kind));
    found.unwrap_or_else(|| panic!("no {kind} is among {made:?}")).clone()
}
