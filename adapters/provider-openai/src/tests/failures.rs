//! What a vendor's error means.

use super::{class, decode};
use ports::provider::FailureClass::{
    self, Auth, ContextTooLong, Filter, Invalid, Overload, Protocol, Quota, Rate, Unavailable,
};

/// An error body of the dialect.
fn error(kind: &str, code: &str) -> String {
    format!(r#"{{"error":{{"message":"it failed","type":"{kind}","param":null,"code":{code}}}}}"#)
}

#[test]
fn a_status_decides_the_class() {
    let classes: [(u16, FailureClass); 20] = [
        (400, Invalid),
        (401, Auth),
        (402, Quota),
        (403, Auth),
        (404, Invalid),
        (405, Invalid),
        (408, Unavailable),
        (409, Unavailable),
        (413, Invalid),
        (415, Invalid),
        (418, Invalid),
        (422, Invalid),
        (429, Rate),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (529, Overload),
        (301, Protocol),
        (304, Protocol),
    ];
    for (status, wanted) in classes {
        for body in [error("some_error", "null"), String::new(), "<html>".into(), "{}".into(), "[1]".into()] {
            let failure = decode(status, &body).expect_err("a failure");
            assert_eq!(failure.class, wanted, "{status} {body}");
            assert_eq!(failure.retriable, matches!(wanted, Rate | Overload | Unavailable), "{status} {body}");
            assert!(failure.detail.contains(&status.to_string()), "{}", failure.detail);
        }
    }
}

#[test]
fn code_and_type_say_more_than_the_status() {
    let classes = [
        (429, error("insufficient_quota", "\"insufficient_quota\""), Quota),
        (429, error("insufficient_quota", "null"), Quota),
        (503, error("overloaded_error", "null"), Overload),
        (429, error("", "\"engine_overloaded\""), Overload),
        (403, error("", "\"insufficient_balance\""), Quota),
        (429, error("requests", "\"rate_limit_exceeded\""), Rate),
        (400, error("invalid_request_error", "\"billing_hard_limit_reached\""), Quota),
        (400, error("invalid_request_error", "\"context_length_exceeded\""), ContextTooLong),
        (400, error("exceed_context_size_error", "400"), ContextTooLong),
        (400, error("invalid_request_error", "\"content_filter\""), Filter),
        (400, error("image_generation_user_error", "\"content_policy_violation\""), Filter),
        (400, error("invalid_request_error", "\"something_new\""), Invalid),
        (400, r#"{"error":{"message":"This model's maximum context length is 8 tokens"}}"#.into(), ContextTooLong),
    ];
    for (status, body, wanted) in classes {
        assert_eq!(class(status, &body), wanted, "{status} {body}");
    }
}

#[test]
fn a_success_with_an_error_inside_is_a_failure() {
    let classes = [
        (error("server_error", "null"), Unavailable),
        (error("api_error", "null"), Unavailable),
        (error("overloaded_error", "null"), Overload),
        (error("", "529"), Overload),
        (error("", "502"), Unavailable),
        (error("", "\"503\""), Unavailable),
        (error("", "429"), Rate),
        (error("", "401"), Auth),
        (error("authentication_error", "null"), Auth),
        (error("invalid_request_error", "null"), Invalid),
        (error("", "\"context_length_exceeded\""), ContextTooLong),
        (error("", "\"insufficient_quota\""), Quota),
        (error("", "7"), Protocol),
        (error("something_new", "null"), Protocol),
        (r#"{"error":"model not found"}"#.into(), Protocol),
        (r#"{"error":{}}"#.into(), Protocol),
        (r#"{"error":true}"#.into(), Protocol),
        (r#"{"error":[]}"#.into(), Protocol),
    ];
    for (body, wanted) in classes {
        assert_eq!(class(200, &body), wanted, "{body}");
    }
    let both = r#"{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],"error":{"code":502}}"#;
    assert_eq!(class(200, both), Unavailable);
}

#[test]
fn the_detail_names_what_the_vendor_said() {
    let failure = decode(400, &error("invalid_request_error", "\"bad_thing\"")).unwrap_err();
    assert_eq!(failure.detail, "HTTP 400 (invalid_request_error, bad_thing): it failed");
    let bare = decode(500, r#"{"error":"out of memory"}"#).unwrap_err();
    assert_eq!(bare.detail, "HTTP 500: out of memory");
    let silent = decode(500, r#"{"error":{}}"#).unwrap_err();
    assert_eq!(silent.detail, "HTTP 500: no message");
}

#[test]
fn a_page_that_is_not_of_the_dialect_is_not_repeated() {
    let failure = decode(502, "<html>your header was Authorization: Bearer k-4711</html>").unwrap_err();
    assert_eq!(failure.detail, "HTTP 502 with a body that is not of the dialect");
}

#[test]
fn a_detail_is_one_short_line() {
    let body = format!(r#"{{"error":{{"message":"a\u0000b\u001b[31m\r\nc {}"}}}}"#, "long ".repeat(200));
    let failure = decode(400, &body).unwrap_err();
    assert!(failure.detail.starts_with("HTTP 400: a b [31m c long"), "{}", failure.detail);
    assert!(failure.detail.chars().count() <= 300);
    assert!(!failure.detail.chars().any(char::is_control));
    let wide = decode(400, &format!(r#"{{"error":{{"message":"{}"}}}}"#, "é".repeat(1000))).unwrap_err();
    assert_eq!(wide.detail.chars().count(), 300);
}

#[test]
fn what_looks_like_a_key_is_masked() {
    let details = [
        (
            "Incorrect API key provided: sk-proj-abcdef123456. See docs",
            "HTTP 401: Incorrect API key provided: sk-… See docs",
        ),
        ("got 'sk-abcdef123456'", "HTTP 401: got 'sk-…"),
        ("header was Bearer k-4711 indeed", "HTTP 401: header was Bearer … indeed"),
        ("the task-oriented-model is gone", "HTTP 401: the task-oriented-model is gone"),
    ];
    for (message, wanted) in details {
        let failure = decode(401, &format!(r#"{{"error":{{"message":"{message}"}}}}"#)).unwrap_err();
        assert_eq!(failure.detail, wanted);
    }
}
