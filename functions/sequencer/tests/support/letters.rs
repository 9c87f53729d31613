//! A task with everything in it: an agent with tools, an attempt that is lost, a person who is asked, a request that fails
//! and is tried again, and a document that is written in the end.

use super::Desk;
use kernel::id::{Id, Role};
use ports::history::{Asked, HistoryAsk, HistorySlice, Of};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What is known of it afterwards.
pub struct Letters {
    pub desk: Desk,
    pub task: Id,
    pub clerk: Id,
    /// Position of the event by which the rules for the way out came.
    pub rules: u64,
}

impl Letters {
    pub async fn answered() -> Self {
        let mut desk = Desk::new().await;
        let rules = desk.must("egress.allow", r#"{"hosts":["post.example.org"]}"#).await.pos;
        let provider =
            r#"{"name":"other","dialect":"openai-chat","base_url":"http://127.0.0.1:1/v1","model":"clever"}"#;
        let provider = desk.must("provider.define", provider).await.made[0];
        let clerk = json!({"name": "clerk", "provider": provider, "instructions": "You answer letters.",
            "tools": ["documents.read", "http.request"]});
        let clerk = desk.must("agent.define", &clerk.to_string()).await.made[0];
        let workflow = desk.must("workflow.define", &json!({"source": workflow()}).to_string()).await.made[0];
        let start = json!({"workflow": workflow, "input": {"letter": "Where is my tent?"}});
        let task = desk.must("run.start", &start.to_string()).await.made[0];
        desk.first_attempt_is_lost().await;
        desk.the_model_asks_for_tools().await;
        desk.a_person_approves().await;
        desk.the_letter_goes_out_at_the_second_attempt().await;
        let effect = desk.leased(60_000).await;
        desk.report(effect, 1, "The letter is answered.").await;
        Self { desk, task, clerk, rules }
    }
}

fn workflow() -> Value {
    json!({
        "document": {"dsl": "1.0.0", "namespace": "stories", "name": "letters", "version": "0.1.0"},
        "do": [
            {"file": {"call": "documents.write", "with": {"path": "orders/1.json", "text": "a green tent, sent on Monday"}}},
            {"answer": {"call": "agent", "with": {"agent": "clerk", "prompt": "Where is my tent?"}}},
            {"keep": {"call": "documents.write", "with": {"path": "orders/1.json", "text": "answered"}}}
        ]
    })
}

impl Desk {
    /// Lease what is next; the effect.
    pub async fn leased(&mut self, ttl_ms: u64) -> Id {
        self.lease(ttl_ms).await.made[0]
    }

    pub async fn outcome(&mut self, effect: Id, fence: u64, outcome: Value) {
        let (runtime, boot) = (self.runtime, self.boot);
        let data = json!({"runtime": runtime, "boot": boot, "effect": effect, "fence": fence, "outcome": outcome});
        self.must("effect.report", &data.to_string()).await;
    }

    async fn first_attempt_is_lost(&mut self) {
        self.leased(1).await;
        self.now_ms += 1_000;
    }

    async fn the_model_asks_for_tools(&mut self) {
        let effect = self.leased(60_000).await;
        let post = json!({"method": "POST", "endpoint": "https://post.example.org/letters", "body": "On its way."});
        let calls = json!([
            {"id": "one", "name": "documents.read", "arguments": json!({"path": "orders/1.json"}).to_string()},
            {"id": "two", "name": "http.request", "arguments": post.to_string()},
        ]);
        let outcome = json!({"is": "answered", "text": "I look it up and answer.", "calls": calls, "stop": "tools",
            "input_tokens": 40, "output_tokens": 9});
        self.outcome(effect, 2, outcome).await;
    }

    async fn a_person_approves(&mut self) {
        let notice = self.leased(60_000).await;
        self.outcome(notice, 1, json!({"is": "returned", "result": null})).await;
        let waiting = self.sequencer.read(&ports::views::Query::Approvals(false)).await.unwrap().unwrap();
        let waiting = &waiting["approvals"][0];
        let data = json!({"approval": waiting["id"], "digest": waiting["digest"], "decision": "approve",
            "reason": "the order is on its way"});
        self.must("approval.decide", &data.to_string()).await;
    }

    async fn the_letter_goes_out_at_the_second_attempt(&mut self) {
        let effect = self.leased(60_000).await;
        let failed = json!({"is": "failed", "class": "unreachable", "detail": "nobody answered", "retriable": true});
        self.outcome(effect, 1, failed).await;
        self.now_ms += 100_000;
        self.must("timers.fire", "{}").await;
        assert_eq!(self.leased(60_000).await, effect);
        let result = json!({"status": 201, "headers": {}, "body": "thanks"});
        self.outcome(effect, 2, json!({"is": "returned", "result": result})).await;
    }

    /// The whole answer to a question about the past, and how many slices it took.
    pub async fn asked<T: DeserializeOwned>(&mut self, asked: Asked) -> (Option<T>, usize) {
        let (mut so_far, mut slices) = (None, 1);
        loop {
            match self.sequencer.history(&HistoryAsk { asked: asked.clone(), so_far }).await.unwrap() {
                HistorySlice::Answer(view) => return (view.map(|view| serde_json::from_value(view).unwrap()), slices),
                HistorySlice::More(next) => (so_far, slices) = (Some(next), slices + 1),
            }
        }
    }

    /// Positions of the events of a type.
    pub async fn positions(&mut self, name: &str) -> Vec<u64> {
        let views = self.sequencer.events(0, 10_000).await.unwrap();
        let named = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["type"] == name;
        views.iter().filter(|view| named(&view.event.body)).map(|view| view.event.pos).collect()
    }
}

/// The only thing of a role among `ids`.
pub fn of_role(ids: &[Id], role: Role) -> Id {
    ids.iter().copied().find(|id| id.role == role).unwrap()
}

/// Ask about a thing.
pub fn why(id: Id) -> Asked {
    Asked::Why(Of::Thing(id))
}
