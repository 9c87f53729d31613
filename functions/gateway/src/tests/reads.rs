//! What is read of a workspace.

use super::host::{Host, WORKSPACE, json as body, problem};
use kernel::entity::StepStatus;
use kernel::hash::HashText;
use kernel::id::{CommandId, DeviceId, Id, Role};
use kernel::storage::StoredEvent;
use ports::provider::{Message, ModelRequest, ProviderEntry, Speaker};
use ports::sequencing::{EffectView, EventView, Work};
use ports::views::{FailureView, StepView, TaskKind, TaskStatus, TaskSummary, TaskView};
use serde_json::{Value, json};

pub fn id(role: Role) -> Id {
    Id::new(CommandId { device: DeviceId([3; 16]), incarnation: 0, counter: 4 }, role)
}

pub fn at(rest: &str) -> String {
    format!("/v1/workspaces/{WORKSPACE}/{rest}")
}

pub fn event(pos: u64, stored: &str) -> EventView {
    let event = StoredEvent {
        pos,
        stream: "main@0".into(),
        seq: pos,
        body: stored.as_bytes().to_vec(),
        hash: [pos as u8; 32],
        sealed: Vec::new(),
    };
    EventView { event, content: [("title".to_owned(), Some("Weather".to_owned())), ("note".to_owned(), None)].into() }
}

#[tokio::test]
async fn events_come_in_the_bytes_that_were_hashed() {
    let stored = r#"{"v":1, "z":18446744073709551615,"a":"\u00e9"}"#;
    let host = Host { log: vec![event(1, "{}"), event(2, stored)].into(), ..Host::new() };
    let response = host.get(&at("events?after=1&limit=5")).await;
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(text.contains(stored), "{text}");
    let read = body(&response);
    assert_eq!(read["next"], 2);
    assert_eq!(read["events"][0]["hash"], HashText([2; 32]).to_string());
    assert_eq!(read["events"][0]["content"], json!({"note": null, "title": "Weather"}));

    assert_eq!(
        body(&host.get(&at("events?after=2")).await),
        json!({"events": [], "next": 2}),
        "the end is where it was"
    );
    host.get(&at("events")).await;
    assert_eq!(
        *host.asked.borrow(),
        ["events after 1 limit 5", "events after 2 limit 100", "events after 0 limit 100"]
    );
}

#[tokio::test]
async fn an_event_that_is_no_json_is_damage() {
    let host = Host { log: vec![event(1, "{\"v\":")].into(), ..Host::new() };
    let response = host.get(&at("events")).await;
    assert_eq!(problem(&response), (500, "damaged".into()));
    assert_eq!(body(&response)["detail"], "event 1 is not JSON");
}

#[tokio::test]
async fn numbers_that_are_none_are_refused() {
    let host = Host::new();
    for query in [
        "limit=0",
        "limit=257",
        "limit=-1",
        "limit=",
        "limit",
        "limit=%31",
        "limit=1.0",
        "limit=+1",
        "limit=1&limit=2",
        "after=99999999999999999999",
        "after=9007199254740992",
        "lmit=1",
        "=1",
    ] {
        assert_eq!(
            problem(&host.get(&at(&format!("events?{query}"))).await),
            (422, "invalid_argument".into()),
            "{query}"
        );
    }
    let response = host.get(&at("events?limit=257")).await;
    assert_eq!(body(&response)["detail"], "limit must be a whole number from 1 to 256");
    assert_eq!(problem(&host.get(&format!("/v1/workspaces/{WORKSPACE}?limit=1")).await).1, "invalid_argument");
    assert!(host.asked.borrow().is_empty());
}

#[tokio::test]
async fn a_task_is_read_at_once_or_when_it_is_settled() {
    let step = StepView {
        id: id(Role::Step),
        agent: id(Role::Agent),
        effect: id(Role::Effect),
        status: StepStatus::Failed,
        prompt: None,
        answer: None,
        failure: Some(FailureView { class: "rate".into(), detail: None }),
        turns: 1,
        attempts: 2,
        lost: 1,
        late: 0,
    };
    let answered =
        StepView { answer: Some("Sunny.".into()), failure: None, status: StepStatus::Answered, ..step.clone() };
    let summary = TaskSummary {
        id: id(Role::Task),
        title: Some("Weather".into()),
        kind: TaskKind::Conversation,
        status: TaskStatus::Done,
        workflow: None,
        input_tokens: 12,
        output_tokens: 3,
        cost_micros: 7,
    };
    let steps = vec![step, answered];
    let task = TaskView { summary, steps, calls: Vec::new(), run: None, approvals: Vec::new() };
    let host = Host { tasks: vec![task], ..Host::new() };
    let path = at(&format!("tasks/{}", id(Role::Task)));
    assert_eq!(body(&host.get(&path).await)["steps"][1]["answer"], "Sunny.");
    host.get(&format!("{path}?wait=30000")).await;
    assert_eq!(problem(&host.get(&format!("{path}?wait=30001")).await).1, "invalid_argument");
    assert_eq!(*host.asked.borrow(), ["task", "settled within 30000"]);
    assert_eq!(problem(&host.get(&at(&format!("tasks/{}", id(Role::Step)))).await), (404, "not_found".into()));
    assert_eq!(problem(&host.get(&at("tasks/first")).await), (400, "bad_id".into()));
}

#[tokio::test]
async fn a_runtime_finds_what_is_due_and_what_it_leased() {
    let provider = ProviderEntry {
        dialect: "openai".into(),
        base_url: "https://api.example.com/v1".into(),
        key_ref: Some("vault:openai".into()),
        model: "large".into(),
        timeout_ms: 60_000,
        allow_plain_http: false,
        private: Vec::new(),
    };
    let (speaker, text) = (Speaker::User, "How is the weather?".to_owned());
    let request = ModelRequest {
        model: "large".into(),
        messages: vec![Message { speaker, text, calls: Vec::new(), call_id: None }],
        tools: Vec::new(),
        max_tokens: Some(100),
        schema: None,
    };
    let effect = EffectView {
        effect: id(Role::Effect),
        task: id(Role::Task),
        fence: 2,
        expires_at: 1_700_000_060_000,
        in_doubt: true,
        idempotency_key: "e-1".into(),
        work: Work::Model { provider, request },
    };
    let host = Host { effects: vec![effect], ..Host::new() };
    let due: Value = body(&host.get(&at("effects?limit=7")).await);
    assert_eq!(due, json!({"effects": [id(Role::Effect).to_string()]}));
    assert_eq!(*host.asked.borrow(), ["due limit 7"]);
    let leased = body(&host.get(&at(&format!("effects/{}", id(Role::Effect)))).await);
    assert_eq!((&leased["fence"], &leased["work"]["provider"]["key_ref"]), (&json!(2), &json!("vault:openai")));
    assert_eq!(problem(&host.get(&at(&format!("effects/{}", id(Role::Task)))).await), (404, "not_found".into()));
}

#[tokio::test]
async fn every_read_model_has_its_address_and_one_that_is_not_there_says_so() {
    let document = kernel::id::KeyId([7; 16]);
    let usage = json!({"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost_micros": 0});
    for (path, model, question) in [
        ("tasks?skip=2&limit=7", json!({"tasks": []}), "Tasks(2, 7)"),
        ("agents", json!({"agents": []}), "Agents"),
        ("providers", json!({"providers": []}), "Providers"),
        ("workflows", json!({"workflows": []}), "Workflows"),
        ("capabilities", json!({"capabilities": []}), "Capabilities"),
        ("approvals", json!({"approvals": []}), "Approvals(false)"),
        ("approvals?all=1", json!({"approvals": []}), "Approvals(true)"),
        ("usage", json!({"providers": [], "total": usage}), "Usage"),
        ("documents", json!({"documents": []}), "Documents"),
        ("restored", json!({"line": "main@0", "held": false, "items": []}), "Restored"),
        (
            "restore?at=7",
            json!({"pos": 7, "line": "main@0", "kinds": {}, "things": [], "more": false, "items": []}),
            "RestorePreview(7)",
        ),
    ] {
        let host = Host { model: Some(model.clone()), ..Host::new() };
        assert_eq!(body(&host.get(&at(path)).await), model, "{path}");
        assert_eq!(*host.asked.borrow(), [question], "{path}");
        let host = Host::new();
        assert_eq!(problem(&host.get(&at(path)).await), (404, "not_found".into()), "{path}");
    }
    let host = Host::new();
    assert_eq!(problem(&host.get(&at(&format!("documents/{document}"))).await), (404, "not_found".into()));
    assert_eq!(problem(&host.get(&at("documents/none")).await), (400, "bad_id".into()));
}

#[tokio::test]
async fn what_a_model_was_told_is_read_by_step_and_turn() {
    let step = id(Role::Step);
    let told = json!({
        "task": id(Role::Task).to_string(), "step": step.to_string(), "turn": 2, "turns": 2,
        "messages": [
            {"speaker": "user", "text": "How is the weather?"},
            {"speaker": "assistant", "text": "", "calls": [{"id": "c1", "name": "recall", "arguments": "{}"}]},
            {"speaker": "tool", "text": "sunny", "call_id": "c1"},
        ],
        "tools": [{"name": "recall", "description": "Finds.", "parameters": {"type": "object"}}],
        "estimated_tokens": 40, "budget_tokens": 32_000,
    });
    let host = Host { model: Some(told.clone()), ..Host::new() };
    let path = at(&format!("steps/{step}/context"));
    assert_eq!(body(&host.get(&path).await), told);
    host.get(&format!("{path}?turn=2")).await;
    assert_eq!(*host.asked.borrow(), [format!("Context({step:?}, None)"), format!("Context({step:?}, Some(2))")]);
    for query in ["turn=-1", "turn=x", "turns=1", "turn=9007199254740992"] {
        assert_eq!(problem(&host.get(&format!("{path}?{query}")).await), (422, "invalid_argument".into()), "{query}");
    }
    assert_eq!(problem(&host.get(&at("steps/first/context")).await), (400, "bad_id".into()));
    assert_eq!(problem(&host.get(&at(&format!("steps/{step}"))).await), (404, "unknown_route".into()));
    let nothing = Host { model: None, ..Host::new() };
    assert_eq!(problem(&nothing.get(&path).await), (404, "not_found".into()));
}
