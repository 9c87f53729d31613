//! Bodies that cannot be meant. None of them reaches the sequencer, and none is repeated in the answer.

use super::host::{Host, commands, json, problem, request};
use bytes::Bytes;

/// Something that must not come back.
const SECRET: &str = "sk-hunter2";

async fn refused(body: &str) -> (u16, String, String) {
    let host = Host::new();
    let response = host.submit("k", body).await;
    assert!(host.decided.borrow().is_empty(), "{body}");
    let detail = json(&response)["detail"].as_str().unwrap().to_owned();
    assert!(!detail.contains(SECRET), "{detail}");
    let (status, code) = problem(&response);
    (status, code, detail)
}

async fn is_refused(body: &str, status: u16, code: &str, detail: &str) {
    assert_eq!(refused(body).await, (status, code.to_owned(), detail.to_owned()), "{body}");
}

/// A batch with one command that has these members.
fn one(members: &str) -> String {
    format!("{{\"commands\":[{{{members}}}]}}")
}

/// A batch with one `task.ask` that has these arguments.
fn ask(arguments: &str) -> String {
    one(&format!(r#""type":"task.ask","data":{{{arguments}}}"#))
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    is_refused("", 400, "malformed_json", "EOF while parsing a value at line 1 column 0").await;
    is_refused("{\"commands\":", 400, "malformed_json", "EOF while parsing a value at line 1 column 12").await;
    is_refused("[{]", 400, "malformed_json", "key must be a string at line 1 column 3").await;
    is_refused("{\"commands\":[]} x", 400, "malformed_json", "trailing characters at line 1 column 17").await;
    let data = one(r#""type":"task.create","data":{"title":}"#);
    is_refused(&data, 400, "malformed_json", "expected value at line 1 column 52").await;
    let deep = format!("{{\"commands\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(refused(&deep).await.0, 422, "depth alone harms nobody");
    assert_eq!(refused(&"[".repeat(500_000)).await.1, "malformed_json");
    let deep = format!(r#""is":"failed","detail":{}"#, "[".repeat(500) + &"]".repeat(500));
    let deep = one(&format!(r#""type":"effect.report","data":{{"outcome":{{{deep}}}}}"#));
    assert_eq!(refused(&deep).await.1, "invalid_argument");
}

#[tokio::test]
async fn what_is_not_utf8_is_malformed() {
    let host = Host::new();
    let body = [br#"{"commands":[{"type":"task.create","data":{"title":""#.as_slice(), &[0xff], b"\"}}]}"].concat();
    let sent = request("POST", &commands()).header("idempotency-key", "k").body(Bytes::from(body)).unwrap();
    assert_eq!(problem(&host.send(sent).await), (400, "malformed_json".into()));
}

#[tokio::test]
async fn json_of_another_form_is_an_invalid_argument() {
    let object = "an object is wanted";
    let not_a_batch = [
        ("null", object),
        (" 5 ", object),
        ("{}", "missing field `commands` at line 1 column 2"),
        ("[[]]", object),
        (r#"{"commands":{}}"#, "invalid type: map, expected a list of commands at line 1 column 12"),
        (r#"{"commands":[]}"#, "there is no command"),
        (r#"{"commands":[],"commands":[]}"#, "duplicate field `commands` at line 1 column 25"),
        (r#"{"command":[]}"#, "unknown field `command`, expected `commands` or `workspace` at line 1 column 10"),
        (r#"{"sk-hunter2 ":[]}"#, "unknown field, expected `commands` or `workspace` at line 1 column 14"),
    ];
    for (body, detail) in not_a_batch {
        is_refused(body, 422, "invalid_argument", detail).await;
    }
    let in_place = |detail: &str| format!("commands[0]: {detail}");
    is_refused(r#"{"commands":[["task.create",{"title":"x"}]]}"#, 422, "invalid_argument", &in_place(object)).await;
    let data = one(r#""type":"task.create","data":["x"]"#);
    is_refused(&data, 422, "invalid_argument", &in_place(&format!("data: {object}"))).await;
    let twice = one(r#""type":"task.create","type":"task.create","data":{}"#);
    is_refused(&twice, 422, "invalid_argument", &in_place("duplicate field `type` at line 1 column 28")).await;
    let missing = one(r#""type":"task.create""#);
    is_refused(&missing, 422, "invalid_argument", &in_place("missing field `data` at line 1 column 22")).await;
    let mistyped = one(r#""type":"task.create","data":{"title":["sk-hunter2"]}"#);
    let detail = in_place("data: invalid type: sequence, expected a string at line 1 column 9");
    is_refused(&mistyped, 422, "invalid_argument", &detail).await;
}

#[tokio::test]
async fn an_unknown_command_is_answered_with_names_that_are_near() {
    let near = "commands[0]: perhaps one of these is meant: task.create";
    is_refused(&one(r#""type":"task.crate","data":{}"#), 422, "unknown_command", near).await;
    is_refused(&one(r#""type":"task.\u0063rate","data":{}"#), 422, "unknown_command", near).await;
    let (status, code, detail) = refused(&one(r#""type":"sk-hunter2","data":{}"#)).await;
    assert_eq!((status, code.as_str()), (422, "unknown_command"));
    assert!(detail.contains("agent.define, ") && detail.contains("workspace.create"), "{detail}");
}

#[tokio::test]
async fn a_bad_command_among_good_ones_is_named_by_its_place() {
    let good = r#"{"type":"task.create","data":{"title":"x"}}"#;
    let body = format!(r#"{{"commands":[{good},{{"type":"task.create","data":{{}}}},{good}]}}"#);
    let detail = "commands[1]: data: missing field `title` at line 1 column 2";
    is_refused(&body, 422, "invalid_argument", detail).await;
}

#[tokio::test]
async fn a_text_where_an_id_belongs_is_a_bad_id() {
    let rest = r#""type":"task.create","data":{"title":"x"}"#;
    for member in [r#""id":"sk-hunter2""#, r#""previous":"AAAA""#, r#""branch":"mian""#] {
        let (status, code, _) = refused(&one(&format!("{member},{rest}"))).await;
        assert_eq!((status, code.as_str()), (400, "bad_id"), "{member}");
    }
    let (status, code, _) = refused(&ask(r#""agent":"sk-hunter2","prompt":"x""#)).await;
    assert_eq!((status, code.as_str()), (400, "bad_id"));
    let (status, code, _) = refused(r#"{"workspace":"ours","commands":[]}"#).await;
    assert_eq!((status, code.as_str()), (400, "bad_id"));
    let previous = one(&format!("\"previous\":\"{}\",{rest}", "A".repeat(43)));
    is_refused(&previous, 422, "invalid_argument", "commands[0]: previous goes with an id").await;
}

#[tokio::test]
async fn a_number_that_is_no_amount_is_out_of_range() {
    let agent = format!("{}.10.15.agent", "0".repeat(26));
    for number in ["18446744073709551616", "-1", "1e300", "1e999", "-18446744073709551616"] {
        let body = ask(&format!(r#""agent":"{agent}","prompt":"x","max_tokens":{number}"#));
        let (status, code, detail) = refused(&body).await;
        assert_eq!((status, code.as_str()), (422, "amount_out_of_range"), "{number}: {detail}");
    }
    for number in ["1.5", "\"12\"", "true"] {
        let body = ask(&format!(r#""agent":"{agent}","prompt":"x","max_tokens":{number}"#));
        assert_eq!(refused(&body).await.1, "invalid_argument", "{number}");
    }
    let host = Host::new();
    let largest = ask(&format!(r#""agent":"{agent}","prompt":"x","max_tokens":18446744073709551615"#));
    assert_eq!(host.submit("k", largest).await.status(), 200, "what fits is the kernel's to judge");
}

#[tokio::test]
async fn a_time_is_written_as_in_rfc_3339() {
    for time in [
        "\"yesterday\"",
        "\"2023-11-14 \"",
        "\"2023-11-14T22:13:20\"",
        "\"1969-12-31T23:59:59Z\"",
        "1700000000000",
        "\"\"",
    ] {
        let body = one(&format!(r#""type":"task.create","data":{{"title":"x"}},"authored_at":{time}"#));
        let (status, code, detail) = refused(&body).await;
        assert_eq!((status, code.as_str()), (422, "invalid_argument"), "{time}");
        assert!(detail.contains("2026-01-31T09:30:00Z"), "{detail}");
    }
}

#[tokio::test]
async fn a_body_is_json_by_its_header_too_and_of_limited_size() {
    let host = Host::new();
    let post = |media_type: &str, body: String| {
        let request = request("POST", &commands()).header("idempotency-key", "k").header("content-type", media_type);
        request.body(Bytes::from(body)).unwrap()
    };
    let good = one(r#""type":"task.create","data":{"title":"x"}"#);
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let response = host.send(post(media_type, good.clone())).await;
        assert_eq!(problem(&response), (415, "unsupported_media_type".into()), "{media_type}");
    }
    let padding = |size: usize| format!("{good}{}", " ".repeat(size - good.len()));
    let response = host.send(post("application/json", padding((1 << 20) + 1))).await;
    assert_eq!(problem(&response), (413, "body_too_large".into()));
    assert!(host.decided.borrow().is_empty());
    let response = host.send(post("Application/JSON; charset=utf-8", padding(1 << 20))).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn an_idempotency_key_is_one_short_visible_text() {
    let host = Host::new();
    let good = one(r#""type":"task.create","data":{"title":"x"}"#);
    let bare = request("POST", &commands()).body(Bytes::from(good.clone())).unwrap();
    assert_eq!(problem(&host.send(bare).await), (400, "missing_idempotency_key".into()));
    for key in ["", "two words", "ключ", &"k".repeat(256)] {
        assert_eq!(problem(&host.submit(key, &good).await), (400, "invalid_idempotency_key".into()), "{key}");
    }
    let twice = request("POST", &commands()).header("idempotency-key", "a").header("idempotency-key", "b");
    let twice = twice.body(Bytes::from(good.clone())).unwrap();
    assert_eq!(problem(&host.send(twice).await), (400, "invalid_idempotency_key".into()));
    assert!(host.decided.borrow().is_empty());
    assert_eq!(host.submit(&"~".repeat(255), good).await.status(), 200);
}
