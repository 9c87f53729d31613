//! What a workflow may say.

use super::*;
use crate::workflow::{Backoff, Document, Duration, Then};

#[test]
fn a_workflow_has_a_name_and_its_tasks_are_numbered_as_they_are_said() {
    let definition = good(&workflow(json!([
        {"first": {"do": [{"inner": {"set": {"a": 1}}}, {"other": {"set": {"b": 2}}}]}},
        {"second": {"set": {"c": 3}}}
    ])));
    let document = Document { namespace: "examples".into(), name: "story".into(), version: "0.1.0".into() };
    assert_eq!(definition.document, document);
    let names: Vec<_> = definition.nodes.iter().map(|node| (node.name.as_str(), node.parent)).collect();
    assert_eq!(names, [("first", None), ("inner", Some(0)), ("other", Some(0)), ("second", None)]);
    assert_eq!(definition.top, [0, 3]);
    let pointers: Vec<_> = definition.nodes.iter().map(|node| node.pointer.as_str()).collect();
    assert_eq!(pointers, ["/do/0/first", "/do/0/first/do/0/inner", "/do/0/first/do/1/other", "/do/1/second"]);
    assert!(matches!(&node(&definition, "first").kind, NodeKind::Do(list) if *list == [1, 2]));
}

#[test]
fn everything_around_the_tasks_is_kept() {
    let definition = good(&json!({
        "document": {
            "dsl": "1.0.0", "namespace": "a", "name": "b-c", "version": "1.0.0-rc.1", "title": "T", "summary": "S",
            "tags": {"team": "x"}, "metadata": {"any": [1]}
        },
        "input": {"schema": {"format": "json", "document": {"type": "object"}}, "from": ".order"},
        "output": {"schema": {"document": {"type": "string"}}, "as": "${ .result }"},
        "timeout": {"after": {"minutes": 5}},
        "do": [{"x": {"set": {"a": 1}, "metadata": {"note": "free"}}}]
    }));
    assert_eq!(definition.input_schema, Some(json!({"type": "object"})));
    assert_eq!(definition.output_schema, Some(json!({"type": "string"})));
    assert!(definition.input_from.is_some() && definition.output_as.is_some());
    assert_eq!(definition.timeout_ms, Some(300_000));
}

#[test]
fn every_task_may_be_guarded_filtered_exported_timed_and_say_where_to_go_on() {
    let definition = good(&workflow(json!([
        {"x": {
            "if": ".a > 1", "input": {"from": "${ .b }"}, "set": {"c": "${ .d }"}, "output": {"as": {"e": "${ .c }"}},
            "export": {"as": "$context + {f: .e}"}, "timeout": {"after": "PT10S"}, "then": "z"
        }},
        {"y": {"set": {"a": 1}, "then": "end"}},
        {"z": {"set": {"a": 1}, "then": "exit"}},
        {"last": {"set": {"a": 1}, "then": "continue"}}
    ])));
    let x = node(&definition, "x");
    assert!(x.condition.is_some() && x.input_from.is_some() && x.output_as.is_some() && x.export_as.is_some());
    assert_eq!(x.timeout_ms, Some(10_000));
    let then: Vec<_> = definition.nodes.iter().map(|node| node.then).collect();
    assert_eq!(then, [Some(Then::Node(2)), Some(Then::End), Some(Then::Exit), Some(Then::Continue)]);
}

#[test]
fn a_set_is_an_object_or_an_expression() {
    let definition = good(&workflow(json!([
        {"x": {"set": {"a": {"b": [1, "${ .c }"]}}}},
        {"y": {"set": "${ .d }"}},
        {"z": {"set": {"a": "no expression", "b": null, "c": "$error"}}}
    ])));
    assert!(matches!(&node(&definition, "x").kind, NodeKind::Set(set) if set.constant().is_none()));
    assert!(matches!(&node(&definition, "z").kind, NodeKind::Set(set) if set.constant().is_some()));
}

#[test]
fn a_switch_goes_on_with_tasks_of_its_own_list() {
    let definition = good(&workflow(json!([
        {"route": {"switch": [
            {"small": {"when": ".amount < 100", "then": "pay"}},
            {"odd": {"when": "${ .odd }", "then": "end"}},
            {"default": {"then": "look"}}
        ]}},
        {"look": {"do": [{"inner": {"set": {"a": 1}}}]}},
        {"pay": {"set": {"a": 1}}}
    ])));
    let NodeKind::Switch(cases) = &node(&definition, "route").kind else { panic!("no switch") };
    let cases: Vec<_> = cases.iter().map(|case| (case.name.as_str(), case.when.is_some(), case.then)).collect();
    assert_eq!(cases, [("small", true, Then::Node(3)), ("odd", true, Then::End), ("default", false, Then::Node(1))]);
}

#[test]
fn a_loop_names_its_variables_or_takes_the_usual_ones() {
    let definition = good(&workflow(json!([
        {"plain": {"for": {"in": ".items"}, "do": [{"a": {"set": {"x": "${ $item }"}}}]}},
        {"named": {
            "for": {"each": "pet", "in": "${ .pets }", "at": "n"}, "while": ".vet != null",
            "do": [{"b": {"set": {"x": "${ $pet }"}}}]
        }}
    ])));
    let NodeKind::For(plain) = &node(&definition, "plain").kind else { panic!("no loop") };
    assert_eq!((plain.each.as_str(), plain.at.as_str(), plain.body.as_slice()), ("item", "index", [1].as_slice()));
    let NodeKind::For(named) = &node(&definition, "named").kind else { panic!("no loop") };
    assert_eq!((named.each.as_str(), named.at.as_str(), named.condition.is_some()), ("pet", "n", true));
    assert_eq!(node(&definition, "b").pointer, "/do/1/named/do/0/b");
}

#[test]
fn a_try_catches_filters_retries_and_handles() {
    let definition = good(&workflow(json!([{"careful": {
        "try": [{"risky": {"set": {"a": 1}}}],
        "catch": {
            "errors": {"with": {"type": "https://x/errors/communication", "status": 503, "details": "d"}},
            "as": "problem", "when": "$problem.status == 503", "exceptWhen": ".final",
            "retry": {
                "delay": {"seconds": 3}, "backoff": {"exponential": {}},
                "limit": {"attempt": {"count": 5}, "duration": "PT1M"},
                "jitter": {"from": {"milliseconds": 10}, "to": {"milliseconds": 20}}
            },
            "do": [{"mend": {"set": {"b": 2}}}]
        }
    }}])));
    let NodeKind::Try(careful) = &node(&definition, "careful").kind else { panic!("no try") };
    assert_eq!((careful.body.as_slice(), careful.handler.as_slice()), ([1].as_slice(), [2].as_slice()));
    assert_eq!(careful.variable, "problem");
    let keys: Vec<_> = careful.with.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["detail", "status", "type"]);
    assert!(careful.when.is_some() && careful.except_when.is_some());
    let retry = careful.retry.clone().unwrap();
    assert_eq!((retry.attempts, retry.duration_ms, retry.delay_ms), (Some(5), Some(60_000), 3_000));
    assert_eq!((retry.backoff, retry.jitter_ms), (Backoff::Exponential, Some((10, 20))));
    assert_eq!(node(&definition, "risky").pointer, "/do/0/careful/try/0/risky");
    assert_eq!(node(&definition, "mend").pointer, "/do/0/careful/catch/do/0/mend");
}

#[test]
fn a_catch_may_be_empty_and_catches_everything_then() {
    let definition = good(&workflow(json!([{"x": {"try": [{"y": {"set": {"a": 1}}}], "catch": {}}}])));
    let NodeKind::Try(x) = &node(&definition, "x").kind else { panic!("no try") };
    assert!(x.with.is_empty() && x.retry.is_none() && x.handler.is_empty());
    assert_eq!(x.variable, "error");
}

#[test]
fn retries_errors_and_timeouts_may_be_named_once_and_used_often() {
    let mut source = workflow(json!([
        {"x": {"try": [{"y": {"raise": {"error": "broken"}}}], "catch": {"retry": "often"}, "timeout": "short"}}
    ]));
    source["use"] = json!({
        "retries": {"often": {"delay": "PT2S", "backoff": {"linear": {}}}},
        "errors": {"broken": {"type": "https://x/errors/runtime", "status": 500, "detail": "${ .why }"}},
        "timeouts": {"short": {"after": {"seconds": 9}}}
    });
    source["timeout"] = json!("short");
    let definition = good(&source);
    assert_eq!((definition.timeout_ms, node(&definition, "x").timeout_ms), (Some(9_000), Some(9_000)));
    let NodeKind::Try(x) = &node(&definition, "x").kind else { panic!("no try") };
    let retry = x.retry.clone().unwrap();
    assert_eq!((retry.delay_ms, retry.backoff, retry.attempts), (2_000, Backoff::Linear, None));
    assert!(matches!(&node(&definition, "y").kind, NodeKind::Raise(error) if error.constant().is_none()));
}

#[test]
fn an_error_is_raised_from_here_or_from_what_was_caught() {
    good(&workflow(json!([
        {"x": {"raise": {"error": {"type": "https://x/errors/runtime", "status": 500, "title": "T", "instance": "/a"}}}},
        {"y": {"raise": {"error": "${ $error }"}}}
    ])));
}

#[test]
fn a_wait_is_a_duration_or_computes_one() {
    let definition = good(&workflow(json!([
        {"x": {"wait": {"minutes": 1, "seconds": 30}}}, {"y": {"wait": "PT5M"}}, {"z": {"wait": "${ .pause }"}}
    ])));
    assert!(matches!(node(&definition, "x").kind, NodeKind::Wait(Duration::Ms(90_000))));
    assert!(matches!(node(&definition, "y").kind, NodeKind::Wait(Duration::Ms(300_000))));
    assert!(matches!(node(&definition, "z").kind, NodeKind::Wait(Duration::Computed(_))));
}

#[test]
fn a_call_of_http_becomes_a_request() {
    let definition = good(&workflow(json!([
        {"plain": {"call": "http", "with": {"method": "get", "endpoint": "https://example.com/a"}}},
        {"full": {"call": "http", "with": {
            "method": "Post", "endpoint": {"uri": "http://localhost:8080/b"}, "headers": {"Accept": "text/plain"},
            "query": {"q": "1"}, "body": {"any": [1]}, "output": "response", "redirect": true, "idempotency": "ask"
        }}},
        {"computed": {"call": "http", "with": {
            "method": "put", "endpoint": "${ .url }", "headers": "${ .headers }", "query": "${ .query }"
        }}},
        {"named": {"call": "http", "with": {"method": "get", "endpoint": "https://example.com/pets/{petId}"}}}
    ])));
    let plain = json!({"method": "GET", "endpoint": "https://example.com/a"});
    assert_eq!(called(&definition, "plain"), ("http.request", Some(&plain)));
    let full = json!({
        "method": "POST", "endpoint": "http://localhost:8080/b", "headers": {"Accept": "text/plain"},
        "query": {"q": "1"}, "body": {"any": [1]}, "output": "response", "redirect": true, "idempotency": "ask"
    });
    assert_eq!(called(&definition, "full"), ("http.request", Some(&full)));
    assert_eq!(called(&definition, "computed"), ("http.request", None));
    let NodeKind::Call { with, .. } = &node(&definition, "named").kind else { panic!("no call") };
    let made = with.evaluate(&json!({"petId": "a/b c"}), &[]).unwrap();
    assert_eq!(made["endpoint"], "https://example.com/pets/a%2Fb%20c");
    assert_eq!(with.evaluate(&json!({"petId": 7}), &[]).unwrap()["endpoint"], "https://example.com/pets/7");
    let error = with.evaluate(&json!({}), &[]).unwrap_err();
    assert!(error.message.contains("the endpoint needs `petId`"), "{error:?}");
}

#[test]
fn agents_people_documents_and_notes_are_called_by_name() {
    let definition = good(&workflow(json!([
        {"think": {"call": "agent", "with": {
            "agent": "writer", "prompt": "${ .question }", "schema": {"type": "object"}, "max_tokens": 500
        }}},
        {"decide": {"call": "ask", "with": {
            "question": "Go on?", "options": ["yes", "no"], "timeout": {"hours": 1}, "otherwise": "no",
            "escalate": {"after": "PT30M", "to": "lead"}
        }}},
        {"approve": {"call": "ask", "with": {"approve": {"amount": "${ .amount }"}}}},
        {"read": {"call": "documents.read", "with": {"path": "a.md"}}},
        {"write": {"call": "documents.write", "with": {"path": "a.md", "text": "", "append": true}}},
        {"list": {"call": "documents.list"}},
        {"keep": {"call": "remember", "with": {"text": "x"}}},
        {"find": {"call": "recall", "with": {"query": "x", "limit": 3}}},
        {"find2": {"call": "notes.recall", "with": {"query": "x"}}}
    ])));
    let capabilities: Vec<_> = definition.nodes.iter().map(|node| called(&definition, &node.name).0).collect();
    let expected = [
        "agent",
        "ask",
        "ask",
        "documents.read",
        "documents.write",
        "documents.list",
        "notes.remember",
        "notes.recall",
        "notes.recall",
    ];
    assert_eq!(capabilities, expected);
    assert_eq!(called(&definition, "list").1, Some(&json!({})));
}
