//! Every way of saying it wrong.

use super::*;
use crate::workflow::parse::{SOURCE_BYTES_MAX, TASK_DEPTH_MAX, TASK_NAME_MAX, TASKS_MAX};

/// Exactly one thing is wrong with this task `x`, below it at `pointer`.
#[track_caller]
fn in_task(task: Value, pointer: &str, code: &str, message: &str, hint: &str) {
    let mistake = only(&workflow(json!([{"x": task}])), &format!("/do/0/x{pointer}"), code);
    assert!(mistake.message.contains(message), "{mistake:#?}");
    assert!(mistake.hint.as_deref().unwrap_or_default().contains(hint), "{mistake:#?}");
}

#[test]
fn a_key_that_is_not_known_gets_the_nearest_one_that_is() {
    in_task(json!({"st": {"a": 1}}), "/st", "unknown_key", "`st` is not a key", "did you mean `set`?");
    in_task(json!({"set": {"a": 1}, "thn": "end"}), "/thn", "unknown_key", "`thn`", "did you mean `then`?");
    in_task(json!({"set": {"a": 1}, "retry": {}}), "/retry", "unknown_key", "`retry`", "under `catch`");
    in_task(json!({"set": {"a": 1}, "when": ".a"}), "/when", "unknown_key", "`when`", "is `if`");
    in_task(json!({"set": {"a": 1}, "zzzzzz": 1}), "/zzzzzz", "unknown_key", "`zzzzzz`", "known here: `set`");
    in_task(
        json!({"set": {"a": 1}, "output": {"ass": ".a"}}),
        "/output/ass",
        "unknown_key",
        "`output` of a task",
        "`as`",
    );
    in_task(json!({"set": {"a": 1}, "input": {"form": ".a"}}), "/input/form", "unknown_key", "`form`", "`from`");
    let mut source = workflow(json!([{"x": {"set": {"a": 1}}}]));
    source["documnt"] = json!({});
    assert!(only(&source, "/documnt", "unknown_key").at_key);
    let mut source = workflow(json!([{"x": {"set": {"a": 1}}}]));
    source["document"]["nmae"] = json!("a");
    only(&source, "/document/nmae", "unknown_key");
}

#[test]
fn what_is_missing_is_named_at_the_key_that_lacks_it() {
    assert_eq!(bad(&json!({})).len(), 2);
    let mut source = workflow(json!([{"x": {"set": {"a": 1}}}]));
    source["document"] = json!({"dsl": "1.0.3"});
    assert_eq!(bad(&source).iter().filter(|mistake| mistake.code == "missing_key").count(), 3);
    in_task(json!({}), "", "missing_key", "`x` does nothing", "`call`, `do`");
    in_task(json!({"if": ".a"}), "", "missing_key", "`x` does nothing", "`set`");
    in_task(json!({"call": "http"}), "", "missing_key", "`with` is missing", "");
    in_task(json!({"call": "http", "with": {"method": "get"}}), "/with", "missing_key", "`endpoint` is missing", "");
    in_task(json!({"call": "agent", "with": {"agent": "a"}}), "/with", "missing_key", "`prompt` is missing", "");
    in_task(json!({"call": "ask", "with": {"options": ["a"]}}), "/with", "missing_key", "`question` is missing", "");
    in_task(json!({"try": [{"y": {"set": {"a": 1}}}]}), "", "missing_key", "`catch` is missing", "catch: {}");
    in_task(json!({"for": {"in": ".a"}}), "", "missing_key", "`do` is missing", "");
    in_task(json!({"for": {}, "do": [{"y": {"set": {"a": 1}}}]}), "/for", "missing_key", "`in` is missing", "");
    in_task(json!({"switch": [{"c": {"when": ".a"}}]}), "/switch/0/c", "missing_key", "`then` is missing", "");
    in_task(json!({"raise": {}}), "/raise", "missing_key", "`error` is missing", "");
    in_task(json!({"raise": {"error": {"status": 1}}}), "/raise/error", "missing_key", "`type` is missing", "");
}

#[test]
fn a_value_of_another_type_is_refused() {
    only(&json!("text"), "", "wrong_type");
    in_task(json!(null), "", "wrong_type", "`x` must be an object, not empty", "under `x`");
    in_task(json!({"set": 5}), "/set", "wrong_type", "not the number 5", "");
    in_task(json!({"set": {"a": 1}, "if": true}), "/if", "wrong_type", "not the boolean true", "`if: .amount > 100`");
    in_task(json!({"set": {"a": 1}, "then": 3}), "/then", "wrong_type", "must be text", "quotes: \"3\"");
    in_task(json!({"do": {"y": {"set": {"a": 1}}}}), "/do", "wrong_type", "must be a list of tasks", "hyphen");
    in_task(json!({"do": ["y"]}), "/do/0", "wrong_type", "a task must be an object", "`- name:`");
    in_task(json!({"switch": {"a": {"then": "end"}}}), "/switch", "wrong_type", "a list of cases", "hyphen");
    in_task(json!({"for": {"in": [1]}, "do": [{"y": {"set": {"a": 1}}}]}), "/for/in", "wrong_type", "a list", "${ [1");
    in_task(json!({"set": {"a": 1}, "output": {"as": [1]}}), "/output/as", "wrong_type", "or an object", "");
    in_task(json!({"set": {"a": 1}, "output": ".a"}), "/output", "wrong_type", "must be an object", "`as`");
    in_task(
        json!({"raise": {"error": {"type": "https://x/y", "status": "4"}}}),
        "/raise/error/status",
        "wrong_type",
        "whole",
        "",
    );
    let http = |key: &str, value: Value| {
        let mut with = json!({"method": "get", "endpoint": "https://x.example"});
        with[key] = value;
        json!({"call": "http", "with": with})
    };
    in_task(http("endpoint", json!(5)), "/with/endpoint", "wrong_type", "must be a URI", "");
    in_task(http("headers", json!({"A": 1})), "/with/headers/A", "wrong_type", "must be text", "\"1\"");
    in_task(http("query", json!([1])), "/with/query", "wrong_type", "an object or an expression", "");
    in_task(http("redirect", json!("yes")), "/with/redirect", "wrong_type", "`true` or `false`", "");
    let mut source = workflow(json!([{"x": {"set": {"a": 1}}}]));
    source["document"]["version"] = json!(1.0);
    assert!(only(&source, "/document/version", "wrong_type").hint.unwrap().contains("in quotes"));
}

#[test]
fn values_that_cannot_be_meant_are_refused_with_the_nearest_that_can() {
    let http = |method: &str, endpoint: &str| json!({"call": "http", "with": {"method": method, "endpoint": endpoint}});
    in_task(http("gte", "https://x.example"), "/with/method", "bad_value", "`gte`", "`GET`");
    in_task(http("get", "example.com/a"), "/with/endpoint", "bad_format", "no URI", "https://");
    in_task(http("get", "https://x.example/${ .id }"), "/with/endpoint", "bad_format", "whole text", "{name}");
    in_task(http("get", "https://x.example/{ id }"), "/with/endpoint", "bad_format", "is no name", "{name}");
    let output =
        json!({"call": "http", "with": {"method": "get", "endpoint": "https://x.example", "output": "contents"}});
    in_task(output, "/with/output", "bad_value", "`contents`", "`content`");
    in_task(json!({"call": "agnet", "with": {}}), "/call", "unknown_capability", "`agnet`", "`agent`");
    in_task(json!({"call": "documents.reed"}), "/call", "unknown_capability", "reed", "`documents.read`");
    in_task(json!({"call": "frobnicate"}), "/call", "unknown_capability", "frobnicate", "known here: `http`");
    in_task(json!({"call": ""}), "/call", "empty", "`call` is empty", "");
    let ask = json!({"call": "ask", "with": {"question": "q", "otherwise": "no"}});
    in_task(ask, "/with/otherwise", "missing_key", "no `timeout`", "timeout");
    let ask = json!({"call": "ask", "with": {"question": "q", "options": []}});
    in_task(ask, "/with/options", "empty", "`options`", "");
    let agent = json!({"call": "agent", "with": {"agent": "a", "prompt": "p", "max_tokens": 0}});
    in_task(agent, "/with/max_tokens", "wrong_type", "from 1 on", "");
    let agent = json!({"call": "agent", "with": {"agent": "a", "prompt": "p", "schema": {"type": "objekt"}}});
    in_task(agent, "/with/schema", "bad_schema", "no JSON Schema", "");
}

#[test]
fn where_to_go_on_must_be_a_task_of_the_same_list() {
    let source = workflow(json!([
        {"first": {"set": {"a": 1}, "then": "secnod"}},
        {"second": {"do": [{"inner": {"set": {"a": 1}, "then": "first"}}]}},
        {"third": {"switch": [{"a": {"then": "sedond"}}, {"b": {"then": "nowhere"}}]}}
    ]));
    let found: Vec<_> = bad(&source).into_iter().map(|mistake| (mistake.pointer, mistake.code, mistake.hint)).collect();
    let some = |hint: &str| Some(hint.to_owned());
    let other = "a task of that name stands in another list; `then` names tasks of its own list only";
    let all = "known here: `first`, `second`, `third`, `continue`, `exit`, `end`";
    let expected = [
        ("/do/0/first/then", some("did you mean `second`?")),
        ("/do/1/second/do/0/inner/then", some(other)),
        ("/do/2/third/switch/0/a/then", some("did you mean `second`?")),
        ("/do/2/third/switch/1/b/then", some(all)),
    ];
    assert_eq!(found, expected.map(|(pointer, hint)| (pointer.to_owned(), "unknown_task", hint)));
    let case = json!({"then": "edn", "set": {"a": 1}});
    in_task(case, "/then", "unknown_task", "`edn`", "did you mean `end`?");
}

#[test]
fn names_are_there_once_and_not_too_long() {
    let twice = workflow(json!([{"x": {"set": {"a": 1}}}, {"x": {"set": {"a": 1}}}]));
    assert!(only(&twice, "/do/1/x", "duplicate_name").at_key);
    let inside = workflow(json!([{"x": {"do": [{"x": {"set": {"a": 1}}}]}}]));
    good(&inside);
    let name = "n".repeat(TASK_NAME_MAX + 1);
    only(&workflow(json!([{(&name): {"set": {"a": 1}}}])), &format!("/do/0/{name}"), "bad_format");
    only(&workflow(json!([{"": {"set": {"a": 1}}}])), "/do/0/", "bad_format");
    let cases = json!({"switch": [{"c": {"then": "end"}}, {"c": {"then": "end"}}]});
    in_task(cases, "/switch/1/c", "duplicate_name", "two cases", "another name");
    let twins = json!({"for": {"each": "a", "at": "a", "in": "."}, "do": [{"y": {"set": {"a": 1}}}]});
    in_task(twins, "/for/at", "duplicate_name", "both named `a`", "");
    let dollar = json!({"for": {"each": "$a", "in": "."}, "do": [{"y": {"set": {"a": 1}}}]});
    in_task(dollar, "/for/each", "bad_format", "`$a`", "`each: a`");
    let reserved = json!({"for": {"each": "context", "in": "."}, "do": [{"y": {"set": {"a": 1}}}]});
    in_task(reserved, "/for/each", "bad_value", "`$context`", "another");
}

#[test]
fn keys_that_stand_too_far_to_the_left_are_told_to_move() {
    let source = workflow(json!([{"x": null, "set": {"a": 1}}]));
    let mistake = only(&source, "/do/0", "several_names");
    assert_eq!(mistake.hint.as_deref(), Some("indent what belongs to `x` further than its name"));
    let mistake = only(&workflow(json!([{"x": {"set": {"a": 1}}, "y": {"set": {"a": 1}}}])), "/do/0", "several_names");
    assert_eq!(mistake.hint.as_deref(), Some("begin each task with a hyphen"));
    in_task(json!({"set": {"a": 1}, "wait": "PT1S"}), "", "several_kinds", "`set`, `wait`", "make a task of each");
}

#[test]
fn durations_that_cannot_be_counted_are_refused() {
    in_task(json!({"wait": {"second": 5}}), "/wait/second", "unknown_key", "`second`", "`seconds`");
    in_task(json!({"wait": {"seconds": "5"}}), "/wait/seconds", "bad_duration", "whole number", "`seconds: 5`");
    in_task(json!({"wait": {}}), "/wait", "bad_duration", "empty", "PT30S");
    in_task(json!({"wait": "30s"}), "/wait", "bad_duration", "`30s`", "PT30S");
    in_task(json!({"wait": 30}), "/wait", "bad_duration", "no duration", "seconds: 30");
    in_task(json!({"wait": "P1Y"}), "/wait", "unsupported_feature", "years", "days");
    in_task(json!({"set": {"a": 1}, "timeout": {"after": "10"}}), "/timeout/after", "bad_duration", "`10`", "");
    in_task(json!({"set": {"a": 1}, "timeout": "PT5S"}), "/timeout", "unknown_reference", "PT5S", "under `after`");
    let computed = json!({"set": {"a": 1}, "timeout": {"after": "${ .t }"}});
    in_task(computed, "/timeout/after", "unsupported_feature", "computed", "");
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let mut source = workflow(json!([
        {"x": {"try": [{"y": {"raise": {"error": "brokn"}}}], "catch": {"retry": "oftn"}, "timeout": "shrt"}}
    ]));
    source["use"] = json!({
        "retries": {"often": {"delay": "PT2S"}},
        "errors": {"broken": {"type": "https://x/errors/runtime", "status": 500}},
        "timeouts": {"short": {"after": {"seconds": 9}}}
    });
    let found: Vec<_> = bad(&source).into_iter().map(|mistake| (mistake.code, mistake.hint.unwrap())).collect();
    let hints = ["short", "broken", "often"].map(|name| ("unknown_reference", format!("did you mean `{name}`?")));
    assert_eq!(found, hints);
    in_task(json!({"raise": {"error": "broken"}}), "/raise/error", "unknown_reference", "broken", "use: errors:");
}

#[test]
fn what_is_wrong_with_a_named_thing_is_told_once_and_where_it_stands() {
    let mut source = workflow(json!([
        {"x": {"set": {"a": 1}, "timeout": "short"}}, {"y": {"set": {"a": 1}, "timeout": "short"}}
    ]));
    source["use"] = json!({"timeouts": {"short": {"after": "soon"}}});
    only(&source, "/use/timeouts/short/after", "bad_duration");
    source["use"] = json!({"timeouts": {"short": {"after": "PT1S"}}, "errors": {"e": {"type": "x", "status": 1}}});
    only(&source, "/use/errors/e/type", "bad_format");
}

#[test]
fn retry_policies_are_looked_at_closely() {
    let with = |retry: Value| json!({"try": [{"y": {"set": {"a": 1}}}], "catch": {"retry": retry}});
    in_task(with(json!({"dely": "PT1S"})), "/catch/retry/dely", "unknown_key", "`dely`", "`delay`");
    in_task(with(json!({"backoff": {}})), "/catch/retry/backoff", "bad_value", "exactly one", "exponential");
    in_task(with(json!({"backoff": {"expo": {}}})), "/catch/retry/backoff/expo", "unknown_key", "`expo`", "");
    in_task(with(json!({"backoff": {"linear": 1}})), "/catch/retry/backoff/linear", "wrong_type", "an object", "");
    in_task(
        with(json!({"limit": {"attempt": {"count": -1}}})),
        "/catch/retry/limit/attempt/count",
        "wrong_type",
        "0",
        "",
    );
    let jitter = json!({"jitter": {"from": "PT2S", "to": "PT1S"}});
    in_task(with(jitter), "/catch/retry/jitter", "bad_value", "longer", "shorter one first");
    in_task(with(json!({"when": ".a"})), "/catch/retry/when", "unsupported_feature", "catch.when", "");
}

#[test]
fn expressions_are_read_when_the_workflow_is() {
    let source = workflow(json!([{"x": {
        "if": ".a >", "set": {"a": ["${ .b + }", "${ .c }"], "d": {"e/f": "${ ( }"}}, "output": {"as": "}{"}
    }}]));
    let found: Vec<_> = bad(&source).into_iter().map(|mistake| (mistake.pointer, mistake.code)).collect();
    let expected = ["/do/0/x/if", "/do/0/x/output/as", "/do/0/x/set/a/0", "/do/0/x/set/d/e~1f"];
    assert_eq!(found, expected.map(|pointer| (pointer.to_owned(), "bad_expression")));
    in_task(json!({"set": {"a": 1}, "if": " "}), "/if", "empty", "`if` is empty", "");
    for (text, at) in [(".a | nmae", 5), (" ${ .a | nmae }", 9), ("${nmae}", 2)] {
        let source = workflow(json!([{"x": {"set": {"a": 1}, "if": text}}]));
        assert_eq!(only(&source, "/do/0/x/if", "bad_expression").offset, Some(at), "{text}");
    }
}

#[test]
fn names_and_versions_have_the_form_of_the_standard() {
    for (key, value) in [("name", "has space"), ("name", "-x"), ("namespace", "a.b"), ("version", "1.0"), ("dsl", "x")]
    {
        let mut source = workflow(json!([{"x": {"set": {"a": 1}}}]));
        source["document"][key] = json!(value);
        let mistake = only(&source, &format!("/document/{key}"), "bad_format");
        assert!(mistake.hint.is_some(), "{mistake:#?}");
    }
    let mut source = workflow(json!([{"x": {"set": {"a": 1}}}]));
    source["document"]["dsl"] = json!("0.9.0");
    only(&source, "/document/dsl", "unsupported_feature");
}

#[test]
fn lists_and_objects_that_must_not_be_empty_are_refused_when_they_are() {
    only(&workflow(json!([])), "/do", "empty");
    in_task(json!({"do": []}), "/do", "empty", "the list `do` is empty", "");
    in_task(json!({"switch": []}), "/switch", "empty", "`switch`", "");
    in_task(json!({"set": {}}), "/set", "empty", "`set`", "");
    in_task(json!({"do": [{}]}), "/do/0", "empty", "no name", "");
    let filter = json!({"try": [{"y": {"set": {"a": 1}}}], "catch": {"errors": {"with": {}}}});
    in_task(filter, "/catch/errors/with", "empty", "`with` is empty", "leave `errors` out");
}

#[test]
fn a_workflow_has_limits_on_depth_number_and_size() {
    let mut tasks = json!([{"x": {"set": {"a": 1}}}]);
    for _ in 1..TASK_DEPTH_MAX {
        tasks = json!([{"x": {"do": tasks}}]);
    }
    good(&workflow(tasks.clone()));
    assert_eq!(bad(&workflow(json!([{"x": {"do": tasks}}])))[0].code, "too_deep");
    let many = |count: usize| workflow((0..count).map(|n| json!({(format!("t{n}")): {"set": {"a": 1}}})).collect());
    assert_eq!(good(&many(TASKS_MAX)).nodes.len(), TASKS_MAX);
    only(&many(TASKS_MAX + 5), "/do/1000/t1000", "too_many_tasks");
    only(&workflow(json!([{"x": {"set": {"a": "x".repeat(SOURCE_BYTES_MAX)}}}])), "", "too_large");
    only(&workflow(json!([{"x": {"set": {"a": vec![0; 70_000]}}}])), "", "too_large");
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    only(&workflow(json!([{"x": {"set": {"a": deep}}}])), "", "too_deep");
}

#[test]
fn all_mistakes_are_told_but_not_more_than_anybody_reads() {
    let tasks = (0..40).map(|n| json!({(format!("t{n}")): {"set": {"a": 1}, "thn": "end"}})).collect();
    assert_eq!(bad(&workflow(tasks)).len(), 32);
}
