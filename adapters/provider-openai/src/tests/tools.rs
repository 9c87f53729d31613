//! Tools, there and back.

use super::{decode, request};
use crate::{ChatCompletions, names};
use http::Response;
use ports::Codec as _;
use ports::provider::{FailureClass, Message, ModelFailure, ModelRequest, ModelResponse, Silent, Speaker, Stop};
use ports::provider::{Tool, ToolCall};
use serde_json::{Value, json};

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() }
}

/// The answer to a stream whose deltas carry these pieces of calls, and which ends for `reason`.
fn ended(pieces: &[Value], reason: &str) -> Result<ModelResponse, ModelFailure> {
    let delta = |calls: &Value| json!({"id": "chat-9", "choices": [{"index": 0, "delta": {"tool_calls": [calls]}}]});
    let head = Response::builder().header("content-type", "text/event-stream").body(()).unwrap();
    let mut decoder = ChatCompletions.decoder(&head.into_parts().0);
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
    for event in pieces.iter().map(delta).chain([end]) {
        decoder.feed(format!("data: {event}\n\n").as_bytes(), &Silent)?;
    }
    decoder.finish()
}

fn called(pieces: &[Value]) -> Vec<ToolCall> {
    let response = ended(pieces, "tool_calls").unwrap();
    assert_eq!(response.stop, Stop::Tool);
    response.calls
}

#[test]
fn tools_calls_results_and_a_schema_are_sent_as_the_dialect_wants_them() {
    let plain = |speaker, text: &str| Message { speaker, text: text.into(), calls: Vec::new(), call_id: None };
    let asked = call("c1", "documents.read", r#"{"path":"a"}"#);
    let parameters = json!({"type": "object"});
    let request = ModelRequest {
        messages: vec![
            Message { calls: vec![asked.clone()], ..plain(Speaker::Assistant, "") },
            Message { call_id: Some("c1".into()), ..plain(Speaker::Tool, "text of a") },
            Message { calls: vec![asked], ..plain(Speaker::Assistant, "once more") },
            plain(Speaker::Assistant, ""),
        ],
        tools: vec![Tool {
            name: "documents.read".into(),
            description: "Reads.".into(),
            parameters: parameters.clone(),
        }],
        schema: Some(parameters.clone()),
        ..request()
    };
    let sent = ChatCompletions.encode("https://host/v1", None, "call-7", &request).unwrap();
    let body: Value = serde_json::from_slice(sent.body()).unwrap();
    let calls = json!([{
        "id": "c1", "type": "function", "function": {"name": "documents__read", "arguments": r#"{"path":"a"}"#},
    }]);
    let messages = json!([
        {"role": "assistant", "content": null, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": "text of a"},
        {"role": "assistant", "content": "once more", "tool_calls": calls},
        {"role": "assistant", "content": ""},
    ]);
    let function = json!({"name": "documents__read", "description": "Reads.", "parameters": parameters});
    let schema = json!({"name": "answer", "strict": false, "schema": parameters});
    assert_eq!(body["messages"], messages);
    assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
    assert_eq!(body["response_format"], json!({"type": "json_schema", "json_schema": schema}));
}

#[test]
fn a_result_that_names_no_call_is_not_sent() {
    let lost = Message { speaker: Speaker::Tool, text: "x".into(), calls: Vec::new(), call_id: None };
    let request = ModelRequest { messages: vec![lost], ..request() };
    let failure = ChatCompletions.encode("https://host/v1", None, "call-7", &request).unwrap_err();
    assert_eq!((failure.class, failure.retriable), (FailureClass::Invalid, false));
}

#[test]
fn every_name_comes_back_as_it_went() {
    let spelt = [("documents.read", "documents__read"), ("ask", "ask"), ("a_b", "a_b"), ("a-b", "a-b"), ("a_", "a_")];
    for (name, wanted) in spelt {
        assert_eq!(names::spell(name).unwrap(), wanted);
    }
    let letters = ['a', '.', '_', '-', '5', '\u{e9}'];
    let mut all = vec![String::new()];
    for _ in 0..4 {
        let longer = all.iter().flat_map(|name| letters.iter().map(move |c| format!("{name}{c}")));
        all.extend(longer.collect::<Vec<_>>());
        all.sort();
        all.dedup();
    }
    for name in all.iter().filter(|name| !name.is_empty()) {
        let spelling = names::spell(name).unwrap();
        assert!(spelling.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'), "{spelling}");
        assert_eq!(&names::read(&spelling), name, "{spelling}");
    }
    assert_eq!(names::read("documents.read"), "documents.read");
    assert_eq!(names::read("a_-zz-_-"), "a_-zz-_-");
    for unsendable in [String::new(), "x".repeat(65)] {
        assert_eq!(names::spell(&unsendable).unwrap_err().class, FailureClass::Invalid);
    }
}

#[test]
fn calls_in_pieces_are_put_together_by_their_place() {
    let calls = called(&[
        json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "documents__read", "arguments": ""}}),
        json!({"index": 1, "id": "c2", "function": {"name": "ask", "arguments": "{\"question\":"}}),
        json!({"index": 0, "function": {"arguments": "{\"path\":"}}),
        json!({"index": 1, "function": {"arguments": "\"why\"}"}}),
        json!({"index": 0, "id": "", "function": {"name": "", "arguments": "\"a\"}"}}),
        json!({"index": 0, "id": null, "function": null}),
    ]);
    assert_eq!(calls, [call("c1", "documents.read", r#"{"path":"a"}"#), call("c2", "ask", r#"{"question":"why"}"#)]);
}

#[test]
fn servers_that_write_pieces_in_their_own_way_are_understood() {
    let repeating = [
        json!({"index": 0, "id": "c1", "function": {"name": "ask", "arguments": "{"}}),
        json!({"index": 0, "id": "c1", "function": {"name": "ask", "arguments": "}"}}),
    ];
    assert_eq!(called(&repeating), [call("c1", "ask", "{}")]);
    let all_first = [
        json!({"index": 0, "id": "c1", "function": {"name": "ask", "arguments": "{\"a\":1}"}}),
        json!({"index": 0, "id": "c2", "function": {"name": "ask", "arguments": "{\"a\":2}"}}),
    ];
    assert_eq!(called(&all_first), [call("c1", "ask", r#"{"a":1}"#), call("c2", "ask", r#"{"a":2}"#)]);
    let placeless = [
        json!({"id": "c1", "function": {"name": "ask", "arguments": "{"}}),
        json!({"function": {"arguments": "}"}}),
        json!({"id": "c2", "function": {"name": "ask", "arguments": {"a": 2}}}),
    ];
    assert_eq!(called(&placeless), [call("c1", "ask", "{}"), call("c2", "ask", r#"{"a":2}"#)]);
}

#[test]
fn a_call_without_a_name_of_its_own_gets_one() {
    let calls = called(&[
        json!({"index": 0, "function": {"name": "ask"}}),
        json!({"index": 1, "id": "c1", "function": {"name": "ask"}}),
        json!({"index": 2, "id": "c1", "function": {"name": "ask"}}),
    ]);
    let ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_chat-9_0", "c1", "call_chat-9_2"]);
    assert!(calls.iter().all(|call| call.arguments == "{}"));
}

#[test]
fn a_call_that_is_cut_is_not_performed() {
    let cut = [json!({"index": 0, "id": "c1", "function": {"name": "ask", "arguments": "{\"a\":1"}})];
    for (reason, stop) in [("length", Stop::Length), ("content_filter", Stop::Filter)] {
        let response = ended(&cut, reason).unwrap();
        assert_eq!((response.stop, response.calls), (stop, Vec::new()));
    }
}

#[test]
fn calls_are_calls_whatever_the_reason_given() {
    let whole = [json!({"index": 0, "id": "c1", "function": {"name": "ask", "arguments": "{}"}})];
    assert_eq!(ended(&whole, "stop").unwrap().stop, Stop::Tool);
    assert_eq!(ended(&[], "tool_calls").unwrap_err().class, FailureClass::Protocol);
    let nameless = [json!({"index": 0, "id": "c1", "function": {"arguments": "{}"}})];
    assert_eq!(ended(&nameless, "tool_calls").unwrap_err().class, FailureClass::Protocol);
    let many: Vec<Value> = (0..129).map(|index| json!({"index": index, "function": {"name": "ask"}})).collect();
    assert_eq!(ended(&many, "tool_calls").unwrap_err().class, FailureClass::Protocol);
}

#[test]
fn a_whole_answer_may_call_too() {
    let calls = json!([
        {"id": "c1", "type": "function", "function": {"name": "documents__list", "arguments": "{}"}},
        {"type": "function", "function": {"name": "ask", "arguments": "{\"a\":1}"}},
    ]);
    let message = json!({"content": null, "tool_calls": calls});
    let body = json!({"id": "r", "choices": [{"message": message, "finish_reason": "tool_calls"}]}).to_string();
    let response = decode(200, &body).unwrap();
    assert_eq!((response.text.as_str(), response.stop), ("", Stop::Tool));
    assert_eq!(response.calls, [call("c1", "documents.list", "{}"), call("call_r_1", "ask", r#"{"a":1}"#)]);
}
