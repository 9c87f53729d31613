//! Errors: raised, caught, tried again, or not.

use super::*;

fn boom(status: u16) -> Value {
    json!({"boom": {"raise": {"error": {"type": "https://example.org/errors/boom", "status": status, "title": "boom", "detail": "${ .why }"}}}})
}

#[test]
fn an_error_that_nobody_catches_ends_the_run_and_says_where() {
    let played = play(&tasks(json!([{"outer": {"do": [boom(418)]}}])), &json!({"why": "tea"}), &[]);
    let error = played.end.unwrap_err();
    assert_eq!(
        (error.type_.as_str(), error.status, error.detail.as_str()),
        ("https://example.org/errors/boom", 418, "tea")
    );
    assert_eq!(error.instance.as_deref(), Some("/do/0/outer/do/0/boom"));
}

#[test]
fn what_is_caught_is_what_its_catch_says() {
    let guarded =
        |catch: Value| json!([{"guard": {"try": [boom(418), {"never": {"set": {"never": true}}}], "catch": catch}}]);
    let handler = json!([{"told": {"set": {"status": "${ $error.status }"}}}]);
    let rows = [
        ("everything", json!({"do": handler}), Ok(json!({"status": 418}))),
        ("by its members", json!({"errors": {"with": {"status": 418}}, "do": handler}), Ok(json!({"status": 418}))),
        ("not by others", json!({"errors": {"with": {"status": 500}}, "do": handler}), Err(418)),
        ("when it holds", json!({"when": "${ $error.status < 500 }", "do": handler}), Ok(json!({"status": 418}))),
        ("not when it does not", json!({"when": "${ $error.status > 500 }", "do": handler}), Err(418)),
        ("except when", json!({"exceptWhen": "${ $error.title == \"boom\" }", "do": handler}), Err(418)),
        (
            "unless except when",
            json!({"exceptWhen": "${ $error.title == \"bang\" }", "do": handler}),
            Ok(json!({"status": 418})),
        ),
        ("with nothing to do its input goes on", json!({}), Ok(json!({"why": "tea"}))),
        (
            "under another name",
            json!({"as": "e", "do": [{"told": {"set": {"t": "${ $e.title }"}}}]}),
            Ok(json!({"t": "boom"})),
        ),
        ("by a condition that fails itself", json!({"when": "${ error(\"odd\") }", "do": handler}), Err(400)),
    ];
    for (what, catch, expected) in rows {
        let end = play(&tasks(guarded(catch)), &json!({"why": "tea"}), &[]).end;
        assert_eq!(end.map_err(|error| error.status), expected, "{what}");
    }
}

#[test]
fn what_is_done_about_an_error_does_not_catch_its_own_but_what_is_around_it_does() {
    let inner = json!({"inner": {"try": [boom(400)], "catch": {"do": [boom(500)]}}});
    assert_eq!(play(&tasks(json!([inner])), &json!({}), &[]).error(), ("boom", 500));
    let outer = json!([{"outer": {"try": [inner], "catch": {"do": [{"told": {"set": {"s": "${ $error.status }"}}}]}}}]);
    assert_eq!(comes_to(outer, json!({})), json!({"s": 500}));
}

#[test]
fn a_list_is_tried_again_as_often_and_as_late_as_it_says() {
    let guarded = |retry: Value| {
        json!([{"guard": {"try": [{"look": {"call": "http", "with": {"method": "get", "endpoint": "https://example.org/"}}}],
            "catch": {"retry": retry, "do": [{"told": {"set": {"gave": "up"}}}]}}}])
    };
    let count = |count: u32| json!({"attempt": {"count": count}});
    let rows = [
        ("constant", json!({"delay": "PT2S", "limit": count(3)}), vec![2_000, 2_000, 2_000]),
        ("linear", json!({"delay": "PT2S", "backoff": {"linear": {}}, "limit": count(3)}), vec![2_000, 4_000, 6_000]),
        (
            "exponential",
            json!({"delay": "PT2S", "backoff": {"exponential": {}}, "limit": count(3)}),
            vec![2_000, 4_000, 8_000],
        ),
        ("within a time", json!({"delay": "PT2S", "limit": {"duration": "PT5S"}}), vec![2_000, 2_000, 2_000]),
        (
            "with jitter",
            json!({"delay": "PT2S", "jitter": {"from": {"milliseconds": 100}, "to": {"milliseconds": 103}}, "limit": count(1)}),
            vec![2_101],
        ),
    ];
    for (what, retry, waits) in rows {
        let played = play(&tasks(guarded(retry)), &json!({}), &[fails(503), fails(503), fails(503), fails(503)]);
        assert_eq!((&played.waits, played.end.unwrap()), (&waits, json!({"gave": "up"})), "{what}");
        assert_eq!(played.calls.len(), waits.len() + 1, "{what}");
    }
    let played = play(
        &tasks(guarded(json!({"delay": "PT1S", "limit": count(3)}))),
        &json!({}),
        &[fails(503), ok(json!("fine"))],
    );
    assert_eq!((played.end.unwrap(), played.waits), (json!("fine"), vec![1_000]), "once it works it goes on");
}

#[test]
fn an_expression_that_fails_or_never_ends_is_an_error_of_the_run() {
    for expression in
        ["${ error(\"no\") }", "${ .a.b.c + {} }", "${ last(repeat(1)) }", "${ [range(0; 100000000)] | length }"]
    {
        let played = play(&tasks(json!([{"a": {"set": {"n": expression}}}])), &json!({"a": {"b": {"c": 1}}}), &[]);
        assert_eq!(played.error(), ("expression", 400), "{expression}");
    }
}
