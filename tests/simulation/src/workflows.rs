//! Workflows of a workspace under test: each waits for something else, and short enough for the clock of a run.

use serde_json::{Value, json};

/// What a question of [`sources`] asks; its approval's digest follows from it.
pub const QUESTION: &str = "Go on?";

/// Every workflow.
pub fn sources() -> Vec<Value> {
    let document = |name: &str| json!({"dsl": "1.0.0", "namespace": "test", "name": name, "version": "0.1.0"});
    let http = |method: &str| json!({"call": "http", "with": {"method": method, "endpoint": "https://example.org/"}});
    let ask = json!({"question": QUESTION, "timeout": "PT3S", "escalate": {"after": "PT1S", "to": "boss"}});
    let person = json!({
        "document": document("person"),
        "do": [
            {"sure": {"call": "ask", "with": ask, "output": {"as": "${ .decision }"}}},
            {"each": {"for": {"in": "[1, 2]"}, "do": [{"note": {"call": "remember", "with": {"text": "${ \"note \\($item)\" }"}}}]}},
            {"keep": {"call": "documents.write", "with": {"path": "kept.md", "text": "kept"}}}
        ]
    });
    let network = json!({
        "document": document("network"),
        "do": [
            {"guard": {"try": [{"look": http("get")}],
                "catch": {"retry": {"delay": "PT0.2S", "limit": {"attempt": {"count": 2}}}, "do": [{"no": {"set": {"no": true}}}]}}},
            {"send": http("post")},
            {"late": {"raise": {"error": {"type": "https://example.org/late", "status": 500}}}}
        ]
    });
    let agent = json!({
        "document": document("agent"),
        "timeout": {"after": "PT30S"},
        "do": [
            {"route": {"switch": [{"go": {"when": "true", "then": "work"}}]}},
            {"work": {"call": "agent", "with": {"agent": "worker", "prompt": "Work."}}},
            {"pause": {"wait": "PT0.3S"}},
            {"told": {"set": {"done": true}}}
        ]
    });
    let plain = json!({
        "document": document("plain"),
        "do": [{"pause": {"wait": "PT0.5S"}}, {"end": {"raise": {"error": {"type": "https://example.org/end", "status": 400}}}}]
    });
    vec![person, network, agent, plain]
}

/// An agent with tools.
pub fn worker(provider: &Value) -> Value {
    json!({"name": "worker", "provider": provider, "tools": ["ask", "http.request", "remember", "documents.write"],
        "approve": ["documents.write"], "limits": {"turns": 3}})
}

/// What a model may ask for, by number.
pub fn tools(number: u64) -> Vec<(&'static str, Value)> {
    let ask = ("ask", json!({"question": QUESTION, "timeout": "PT2S", "otherwise": "no"}));
    let post = ("http.request", json!({"method": "POST", "endpoint": "https://example.org/"}));
    let get = ("http.request", json!({"endpoint": "https://example.org/"}));
    match number % 6 {
        0 => vec![("remember", json!({"text": format!("note {number}")}))],
        1 => vec![ask, get],
        2 => vec![post],
        3 | 5 => vec![("documents.write", json!({"path": "a.md", "text": "a"})), ("remember", json!({}))],
        4 => vec![get, ("no.such.tool", json!({}))],
        _ => vec![get],
    }
}

/// A model asks for tools.
pub fn asks(tools: &[(&'static str, Value)]) -> Value {
    let call = |(nth, (name, arguments)): (usize, &(&str, Value))| json!({"id": format!("call_{nth}"), "name": name, "arguments": arguments.to_string()});
    let calls: Vec<Value> = tools.iter().enumerate().map(call).collect();
    json!({"is": "answered", "text": "", "calls": calls, "stop": "tool", "output_tokens": 5})
}

/// What becomes of a model call: three answers of its own, six with tools, four failures.
const MODEL: [u64; 13] = [0, 1, 2, 6, 7, 8, 6, 7, 8, 12, 13, 14, 15];

/// What a runtime tells of an effect, by number; seldom what one would tell that does not know what it holds.
pub fn outcome(number: u64, is_model: bool, text: &str) -> Value {
    let (pick, kind) = (number >> 12, number >> 6);
    let kind = match (number % 32, is_model) {
        (0, _) => kind % 16,
        (_, true) => MODEL.get((kind % 13) as usize).copied().unwrap_or_default(),
        (_, false) => 9 + kind % 7,
    };
    match kind {
        0..=5 => json!({"is": "answered", "text": text, "stop": "end", "input_tokens": 3, "output_tokens": 5}),
        6..=8 => asks(&tools(pick)),
        9..=11 => {
            json!({"is": "returned", "result": {"status": if pick.is_multiple_of(3) { 500 } else { 200 }, "body": text}})
        }
        12 | 13 => json!({"is": "failed", "class": "overload", "detail": text, "retriable": true}),
        14 => json!({"is": "failed", "class": "interrupted", "detail": text, "retriable": true, "sent": true}),
        _ => json!({"is": "failed", "class": "refused", "detail": text}),
    }
}
