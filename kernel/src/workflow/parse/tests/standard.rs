//! What the standard has and a workspace cannot do: refused by name, and by nothing else.

use super::*;

/// Nothing but this is wrong: a feature that is not supported, in these words.
#[track_caller]
fn unsupported(source: &Value, words: &[&str]) {
    let mistakes = bad(source);
    assert_eq!(mistakes.len(), words.len(), "{mistakes:#?}");
    for (mistake, words) in mistakes.iter().zip(words) {
        assert_eq!(mistake.code, "unsupported_feature", "{mistake:#?}");
        assert!(mistake.message.contains(words), "{mistake:#?}");
    }
}

#[test]
fn tasks_that_a_workspace_cannot_do_are_refused_by_name() {
    let task = |task: Value| workflow(json!([{"x": task}]));
    let listen = task(json!({"listen": {"to": {"any": []}}, "foreach": {"item": "e", "do": []}, "then": "end"}));
    unsupported(&listen, &["`listen` waits for events: not supported yet. Supported tasks: `call`, `do`, `for`"]);
    unsupported(&task(json!({"emit": {"event": {"with": {"type": "x"}}}})), &["`emit` publishes events"]);
    unsupported(&task(json!({"fork": {"branches": []}})), &["`fork` runs tasks at the same time"]);
    unsupported(&task(json!({"run": {"shell": {"command": "ls"}}})), &["`run` starts containers"]);
}

#[test]
fn calls_that_a_workspace_cannot_make_are_refused_by_name() {
    for (call, words) in [
        ("grpc", "gRPC"),
        ("openapi", "OpenAPI"),
        ("asyncapi", "AsyncAPI"),
        ("mcp", "Model Context Protocol"),
        ("a2a", "Agent2Agent"),
        ("https://example.com/function.yaml", "from elsewhere"),
        ("log:1.0.0@default", "from elsewhere"),
    ] {
        unsupported(&workflow(json!([{"x": {"call": call, "with": {"any": "thing"}}}])), &[words]);
    }
    let mut own = workflow(json!([{"x": {"call": "getPet", "with": {"id": 1}}}]));
    own["use"] = json!({"functions": {"getPet": {"call": "http"}}});
    unsupported(&own, &["`functions` defines functions of its own", "calls a function of `use.functions`"]);
}

#[test]
fn what_stands_around_the_tasks_and_is_not_supported_is_refused_by_name() {
    let mut source = workflow(json!([{"x": {
        "call": "http",
        "with": {"method": "get", "endpoint": {"uri": "ftp://example.com", "authentication": {"use": "a"}}},
        "input": {"schema": {"document": {}}}, "output": {"schema": {"document": {}}}
    }}]));
    source["schedule"] = json!({"cron": "0 0 * * *"});
    source["input"] = json!({"schema": {"format": "avro", "document": {}}});
    source["output"] = json!({"schema": {"resource": {"endpoint": "https://example.com/schema.json"}}});
    source["use"] = json!({
        "authentications": {}, "catalogs": {}, "extensions": [], "secrets": ["a"],
        "retries": {"r": {"backoff": {"exponential": {"factor": 2}}, "limit": {"attempt": {"duration": "PT1S"}}}}
    });
    let words = [
        "`schedule` starts a workflow",
        "`authentications`",
        "`catalogs`",
        "`extensions`",
        "`secrets`",
        "limits a single attempt",
        "`exponential` with parameters",
        "format `avro`",
        "`resource`",
        "`schema` of a task",
        "`schema` of a task",
        "`authentication` of an endpoint",
        "`ftp://`",
    ];
    unsupported(&source, &words);
}
