//! A workspace of a story's own, on whatever host.

use crate::host::{Shared, shared};
use crate::support::desk::Desk;
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything takes that a story waits for.
pub const COMES_WITHIN: Duration = Duration::from_secs(60);

/// A workspace, and a client of its host.
pub struct Room {
    /// The workspace.
    pub id: String,
    /// The client.
    pub client: Client,
    sent: u64,
    /// The shared host ends with the last who holds it: a story in a room of it has to be among them.
    _host: Option<Arc<Shared>>,
}

/// A key that no other request of this run has.
pub fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("conformance-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Room {
    /// A new workspace on the host that stories share.
    pub fn shared() -> Self {
        let host = shared();
        Self { _host: Some(Arc::clone(&host)), ..Self::new(host.client()) }
    }

    /// A new workspace, on a host that the story holds itself.
    pub fn new(mut client: Client) -> Self {
        let made = client.post("/v1/workspaces", &fresh_key(), br#"{"name":"conformance"}"#).unwrap();
        assert_eq!(made.status, 201, "{}", made.json());
        Self { id: made.text("/id"), client, sent: 0, _host: None }
    }

    /// The workspace `id`, which is there.
    pub fn at(client: Client, id: &str) -> Self {
        Self { id: id.to_owned(), client, sent: 0, _host: None }
    }

    /// `rest` below the workspace.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.id)
    }

    /// Read `rest` below the workspace, which has to be there.
    pub fn get(&mut self, rest: &str) -> Value {
        let answer = self.client.get(&self.path(rest)).unwrap();
        assert_eq!(answer.status, 200, "{rest}: {}", answer.json());
        answer.json()
    }

    /// Send one command under a key of its own.
    pub fn send(&mut self, name: &str, data: &Value) -> Answer {
        self.sent += 1;
        let key = format!("{name}-{}", self.sent);
        self.client.command(&self.id, &key, name, data).unwrap()
    }

    /// Send one command, which has to be accepted; what it made.
    pub fn make(&mut self, name: &str, data: &Value) -> Vec<String> {
        let answer = self.send(name, data);
        let outcome = &answer.json()["outcomes"][0];
        assert_eq!((answer.status, outcome["status"].as_str()), (200, Some("accepted")), "{name}: {}", answer.json());
        let made = outcome["made"].as_array().into_iter().flatten();
        made.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// The same, for a command that makes one thing that counts: the first.
    pub fn one(&mut self, name: &str, data: &Value) -> String {
        self.make(name, data).swap_remove(0)
    }

    /// Send the body of a batch under `key`.
    pub fn batch(&mut self, key: &str, body: &str) -> Answer {
        let path = self.path("/commands");
        self.client.post(&path, key, body.as_bytes()).unwrap()
    }

    /// Where the log ends.
    pub fn end(&mut self) -> u64 {
        self.get("")["pos"].as_u64().unwrap()
    }

    /// The root of the data on main.
    pub fn root(&mut self) -> Value {
        self.get("")["roots"]["main@0"].clone()
    }

    /// A provider whose models are at `base_url`.
    pub fn provider(&mut self, base_url: &str) -> String {
        let provider = json!({
            "name": "endpoint", "dialect": "openai-chat", "base_url": base_url, "model": "test-model",
            "prices": {"input_micros_per_mtok": 150_000, "output_micros_per_mtok": 600_000},
        });
        self.one("provider.define", &provider)
    }

    /// An agent whose models are at `base_url`.
    pub fn agent(&mut self, base_url: &str) -> String {
        let provider = self.provider(base_url);
        self.one("agent.define", &json!({"name": "helper", "provider": provider}))
    }

    /// The workspace for what is shared with other tests.
    pub fn desk(&mut self, agent: &str) -> Desk {
        Desk { id: self.id.clone(), agent: agent.to_owned() }
    }
}

/// Look until there is something to see.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < COMES_WITHIN, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(10));
    }
}
