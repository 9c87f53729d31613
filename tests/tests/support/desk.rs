//! A workspace with an agent to ask.

use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};

/// A workspace, and who can be asked in it.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The workspace.
    pub id: String,
    /// The agent.
    pub agent: String,
}

impl Desk {
    /// Begin a workspace whose agent is at `base_url`.
    pub fn begin(client: &mut Client, base_url: &str) -> Self {
        let made = client.post("/v1/workspaces", "begin", br#"{"name":"desk"}"#).unwrap();
        assert_eq!(made.status, 201, "{}", made.json());
        let id = made.text("/id");
        let provider = json!({ "name": "peer", "dialect": "openai-chat", "base_url": base_url, "model": "m" });
        let provider = accepted(&client.command(&id, "provider", "provider.define", &provider).unwrap());
        let agent = json!({ "name": "helper", "provider": provider });
        let agent = accepted(&client.command(&id, "agent", "agent.define", &agent).unwrap());
        Self { id, agent }
    }

    /// `rest` below the workspace.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/workspaces/{}{rest}", self.id)
    }

    /// Where the workspace stands.
    pub fn describe(&self, client: &mut Client) -> Value {
        let answer = client.get(&self.path("")).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    }
}

/// What the first command of a batch made, which has to be accepted.
pub fn accepted(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.text("/outcomes/0/status").as_str()), (200, "accepted"), "{}", answer.json());
    answer.text("/outcomes/0/made/0")
}
