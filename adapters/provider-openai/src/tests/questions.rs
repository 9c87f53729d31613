//! What is sent.

use super::request;
use crate::{ChatCompletions, DIALECT};
use ports::Codec;
use ports::provider::{FailureClass, ModelRequest};
use serde_json::{Value, json};

fn encode(base_url: &str, key: Option<&str>) -> Result<http::Request<bytes::Bytes>, ports::provider::ModelFailure> {
    ChatCompletions.encode(base_url, key, "call-7", &request())
}

#[test]
fn a_question_is_a_post_with_the_conversation_as_json() {
    let sent = encode("https://api.example.com/v1", Some("sk-secret-key")).unwrap();
    assert_eq!(ChatCompletions.dialect(), DIALECT);
    assert_eq!(sent.method(), "POST");
    assert_eq!(sent.uri(), "https://api.example.com/v1/chat/completions");
    assert_eq!(sent.headers()["content-type"], "application/json");
    assert_eq!(sent.headers()["accept"], "text/event-stream, application/json");
    assert_eq!(sent.headers()["idempotency-key"], "call-7");
    assert_eq!(sent.headers()["authorization"], "Bearer sk-secret-key");
    let body: Value = serde_json::from_slice(sent.body()).unwrap();
    let wanted = json!({
        "model": "gpt-test",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi \"you\""}],
        "max_completion_tokens": 64,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(body, wanted);
}

#[test]
fn without_key_and_limit_neither_is_sent() {
    let unlimited = ModelRequest { max_tokens: None, ..request() };
    let sent = ChatCompletions.encode("http://localhost:8080/v1", None, "call-7", &unlimited).unwrap();
    assert!(!sent.headers().contains_key("authorization"));
    let body: Value = serde_json::from_slice(sent.body()).unwrap();
    assert!(body.get("max_completion_tokens").is_none());
}

#[test]
fn the_key_is_not_printed_with_the_request() {
    let sent = encode("https://api.example.com/v1", Some("sk-secret-key")).unwrap();
    assert!(!format!("{sent:?}").contains("sk-secret-key"));
}

#[test]
fn base_urls_are_joined_whatever_slash_they_end_with() {
    let joined = [
        ("https://host/v1", "https://host/v1/chat/completions"),
        ("https://host/v1/", "https://host/v1/chat/completions"),
        ("https://host/v1//", "https://host/v1/chat/completions"),
        ("https://host", "https://host/chat/completions"),
        ("https://host/", "https://host/chat/completions"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions"),
        ("HTTPS://Host/v1", "https://Host/v1/chat/completions"),
        ("https://host/a@b/v1", "https://host/a@b/v1/chat/completions"),
    ];
    for (base, wanted) in joined {
        assert_eq!(encode(base, None).expect(base).uri(), wanted, "{base}");
    }
}

#[test]
fn base_urls_that_could_mislead_are_refused_and_not_repeated() {
    let refused = [
        "",
        " ",
        "host/v1",
        "/v1",
        "https://",
        "https:///v1",
        "ftp://host/v1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:hunter2@host/v1",
        "https://hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://host/v1?",
        "https://host/v1#hunter2",
        "https://host:99999/v1",
        "https://host:port/v1",
        "https://ho st/v1",
        "https://host/v1\r\nx-evil: hunter2",
        "https://host\\@other/v1",
    ];
    for base in refused {
        let failure = encode(base, Some("sk-secret-key")).expect_err(base);
        assert_eq!(failure.class, FailureClass::Invalid, "{base}");
        assert!(!failure.retriable, "{base}");
        assert!(!failure.detail.contains("hunter2"), "{base}: {}", failure.detail);
    }
}

#[test]
fn keys_that_no_header_can_carry_are_refused_and_not_shown() {
    for key in ["", "  ", "sk-secret-key\n", "sk-secret\r\nx-evil: 1", "sk-sécret"] {
        let failure = encode("https://host/v1", Some(key)).expect_err(key);
        assert_eq!(failure.class, FailureClass::Auth, "{key:?}");
        assert!(!failure.detail.contains("sk-s"), "{}", failure.detail);
    }
}

#[test]
fn a_call_without_idempotency_key_is_refused() {
    for key in ["", "a\nb"] {
        let refused = ChatCompletions.encode("https://host/v1", None, key, &request());
        assert_eq!(refused.unwrap_err().class, FailureClass::Invalid, "{key:?}");
    }
}
