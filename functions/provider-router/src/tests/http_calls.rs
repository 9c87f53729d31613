//! The router as a function of its own.

use super::host::{Host, entry, header, out, request};
use crate::{PATH, ProviderEntry, handle};
use bytes::Bytes;
use http::{Request, Response};
use ports::egress::EgressClass::Connect;
use serde_json::{Value, json};

/// A whole call.
fn call() -> Value {
    json!({"provider": entry(), "request": request(), "idempotency_key": "call-7"})
}

async fn ask(host: &Host, method: &str, path: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    handle(request, &host.router()).await
}

fn body(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()["cache-control"], "no-store");
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_call_is_answered_with_what_the_model_said() {
    let host = Host::answering(200, "hello");
    let response = ask(&host, "POST", PATH, call().to_string()).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    assert_eq!(body(&response), json!({"ok": {"text": "hello", "stop": "end"}}));
    assert_eq!(header(&host.sent.borrow()[0].0, "idempotency-key").unwrap(), "call-7");
}

#[tokio::test]
async fn a_failed_call_is_answered_with_its_failure() {
    let host = Host::failing(out(Connect, "refused"));
    let response = ask(&host, "POST", PATH, call().to_string()).await;
    assert_eq!(response.status(), 200);
    let failure = json!({"class": "unavailable", "detail": "refused", "retriable": true});
    assert_eq!(body(&response), json!({"failure": failure}));
}

#[tokio::test]
async fn a_body_that_is_no_call_is_a_problem() {
    let mut nameless = call();
    nameless.as_object_mut().unwrap().remove("idempotency_key");
    let mut misspelt = call();
    misspelt["idempotency_keys"] = json!("x");
    let mut negative = call();
    negative["provider"]["timeout_ms"] = json!(-1);
    let bodies = [
        ("".into(), 400, "malformed_json"),
        ("{".into(), 400, "malformed_json"),
        ("null".into(), 422, "invalid_argument"),
        ("[]".into(), 422, "invalid_argument"),
        (nameless.to_string(), 422, "invalid_argument"),
        (misspelt.to_string(), 422, "invalid_argument"),
        (negative.to_string(), 422, "amount_out_of_range"),
    ];
    for (text, status, code) in bodies {
        let host = Host::answering(200, "hello");
        let response = ask(&host, "POST", PATH, text.clone()).await;
        assert_eq!(response.status(), status, "{text}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem = body(&response);
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
        assert!(host.sent.borrow().is_empty());
    }
}

#[tokio::test]
async fn other_paths_methods_and_sizes_are_problems() {
    let host = Host::answering(200, "hello");
    let elsewhere = ask(&host, "POST", "/", call().to_string()).await;
    assert_eq!((elsewhere.status().as_u16(), &body(&elsewhere)["code"]), (404, &json!("unknown_route")));
    let fetched = ask(&host, "GET", PATH, "").await;
    assert_eq!((fetched.status().as_u16(), &body(&fetched)["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(fetched.headers()["allow"], "POST");
    let large = ask(&host, "POST", PATH, vec![b' '; (8 << 20) + 1]).await;
    assert_eq!((large.status().as_u16(), &body(&large)["code"]), (413, &json!("body_too_large")));
    assert!(host.sent.borrow().is_empty());
}

#[test]
fn an_entry_is_stored_without_what_is_not_said() {
    let plain = json!({"dialect": "echo", "base_url": "http://localhost", "model": "m", "timeout_ms": 5});
    let entry: ProviderEntry = serde_json::from_value(plain.clone()).unwrap();
    assert!(entry.key_ref.is_none() && !entry.allow_plain_http && entry.private.is_empty());
    assert_eq!(serde_json::to_value(entry).unwrap(), plain);
}
