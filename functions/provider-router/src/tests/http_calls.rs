//! The router as a function of its own.

use super::host::{Host, entry, header, out, request};
use crate::{Body, Prober, ProviderEntry, handle};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response};
use ports::calls::{CALL, EVENTS, LINES, VERIFY};
use ports::egress::EgressClass::{Connect, Interrupted};
use ports::provider::FailureClass;
use ports::{Clock, Entropy, EntropyError};
use serde_json::{Value, json};

/// A whole call.
fn call() -> Value {
    json!({"provider": entry(), "request": request(), "idempotency_key": "call-7"})
}

/// A clock that stands still, and bytes that are always the same.
struct Still;

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        7
    }
}

impl Entropy for Still {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        Ok([7; 32])
    }
}

async fn ask(host: &Host, method: &str, path: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    let prober = Prober { router: host.router(), clock: &Still, entropy: &Still };
    handle(request, prober).await.map(|body| match body {
        Body::Whole(bytes) => bytes,
        Body::Stream(_) => panic!("nobody asked for pieces"),
    })
}

/// The chunks that come for those who accept `kind`.
async fn pieces(host: &Host, kind: &str) -> Vec<String> {
    let request = Request::post(CALL).header("accept", kind).body(call().to_string().into()).unwrap();
    let response = handle(request, Prober { router: host.router(), clock: &Still, entropy: &Still }).await;
    let (head, Body::Stream(chunks)) = response.into_parts() else { panic!("pieces were asked for") };
    assert_eq!((head.status.as_u16(), &head.headers["content-type"]), (200, &kind.parse().unwrap()));
    assert_eq!(head.headers["cache-control"], "no-store");
    chunks.map(|chunk| String::from_utf8(chunk.into()).unwrap()).collect().await
}

fn body(response: &Response<Bytes>) -> Value {
    assert_eq!(response.headers()["cache-control"], "no-store");
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_call_is_answered_with_what_the_model_said() {
    let host = Host::answering(200, "hello");
    let response = ask(&host, "POST", CALL, call().to_string()).await;
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
    let response = ask(&host, "POST", CALL, call().to_string()).await;
    assert_eq!(response.status(), 200);
    let failure = json!({"class": "unavailable", "detail": "refused", "retriable": true});
    assert_eq!(body(&response), json!({"failure": failure}));
}

#[tokio::test]
async fn whoever_accepts_lines_or_events_gets_pieces_and_then_the_outcome() {
    let host = Host::answering(200, "hello");
    let said = pieces(&host, LINES).await.concat();
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcome = json!({"ok": {"text": "hello", "stop": "end"}});
    assert_eq!(lines, [json!({"delta": "he"}), json!({"delta": "ll"}), json!({"delta": "o"}), outcome]);
    let said = pieces(&host, EVENTS).await.concat();
    let begin = "event: delta\ndata: \"he\"\n\nevent: delta\ndata: \"ll\"\n\n";
    let end = "event: ok\ndata: {\"text\":\"hello\",\"stop\":\"end\"}\n\n";
    assert!(said.starts_with(begin) && said.ends_with(end), "{said}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_in_its_failure() {
    let host = Host { broken: Some(out(Interrupted, "the line was cut")), ..Host::answering(200, "hello") };
    let said = pieces(&Host { ends: false, ..host }, LINES).await.concat();
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(last["failure"]["class"], json!(FailureClass::Cut), "{said}");
    assert!(said.starts_with("{\"delta\":\"he\"}\n"), "{said}");
}

#[tokio::test]
async fn a_provider_is_verified_at_a_path_of_its_own() {
    let host = Host::answering(200, "ready");
    let response = ask(&host, "POST", VERIFY, serde_json::to_vec(&entry()).unwrap()).await;
    let found = body(&response);
    assert_eq!((&found["streams"], &found["tools"]), (&json!(true), &json!("ignored")), "{found}");
    let nothing = ask(&host, "POST", VERIFY, "{}").await;
    assert_eq!((nothing.status().as_u16(), &body(&nothing)["code"]), (422, &json!("invalid_argument")));
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
        let response = ask(&host, "POST", CALL, text.clone()).await;
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
    let fetched = ask(&host, "GET", CALL, "").await;
    assert_eq!((fetched.status().as_u16(), &body(&fetched)["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(fetched.headers()["allow"], "POST");
    let large = ask(&host, "POST", CALL, vec![b' '; (8 << 20) + 1]).await;
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
