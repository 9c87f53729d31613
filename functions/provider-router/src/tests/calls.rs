//! Calls that reach a provider.

use super::host::{Host, KEY, Seen, entry, request};
use crate::{ANSWER_BYTES_MAX, ProviderEntry};
use ports::provider::FailureClass;
use ports::{Models, OutboundError};

#[tokio::test]
async fn a_call_goes_out_with_key_model_deadline_and_idempotency_key_and_its_answer_comes_back() {
    let host = Host::answering(200, "hello");
    assert_eq!(host.call(&entry()).await.unwrap().text, "hello");

    let sent = host.sent.borrow();
    let (request, timeout_ms) = &sent[0];
    assert_eq!(sent.len(), 1, "one call is one exchange");
    assert_eq!(request.uri(), "https://api.example.com/v1/echo");
    assert_eq!(request.headers()["authorization"], KEY);
    assert_eq!(request.headers()["idempotency-key"], "call-7");
    assert_eq!(request.headers()["model"], "echo-large", "the entry's model, not the request's");
    assert_eq!(*timeout_ms, 1234);
    assert_eq!(*host.vault.asked.borrow(), ["vault:echo"]);
}

#[tokio::test]
async fn a_provider_without_key_is_called_without_asking_the_vault() {
    let host = Host::answering(200, "hello");
    host.call(&ProviderEntry { key_ref: None, ..entry() }).await.unwrap();
    assert_eq!(host.sent.borrow()[0].0.headers()["authorization"], "none");
    assert!(host.vault.asked.borrow().is_empty());
}

#[tokio::test]
async fn a_failure_of_the_provider_is_passed_on() {
    let failure = Host::answering(429, "slow down").call(&entry()).await.unwrap_err();
    assert_eq!((failure.class, failure.retry_after_ms, failure.retriable), (FailureClass::Rate, Some(7), true));
    assert_eq!(failure.detail, "slow down");
}

#[tokio::test]
async fn an_exchange_without_answer_is_classified_by_what_the_provider_can_have_seen() {
    let endings = [
        (OutboundError::Connect("refused".into()), FailureClass::Unavailable, true),
        (OutboundError::Interrupted("reset".into()), FailureClass::Timeout, true),
        (OutboundError::TooLarge { limit: 9 }, FailureClass::Protocol, false),
    ];
    for (error, class, retriable) in endings {
        let failure = Host::failing(error.clone()).call(&entry()).await.unwrap_err();
        assert_eq!((failure.class, failure.retriable), (class, retriable), "{error}");
        assert_eq!(failure.detail, error.to_string());
        assert_eq!(failure.retry_after_ms, None);
    }
}

#[tokio::test]
async fn an_answer_is_seen_while_it_comes() {
    let host = Host::answering(200, "hello");
    let seen = Seen::default();
    host.router().call(&entry(), "call-7", &request(), &seen).await.unwrap();
    assert_eq!(*seen.0.borrow(), ["he", "ll", "o"]);
}

#[tokio::test]
async fn a_refusal_that_breaks_off_is_a_refusal() {
    let broken = Some(OutboundError::Interrupted("reset".into()));
    let host = Host { broken, ..Host::answering(429, "slow do") };
    let failure = host.call(&entry()).await.unwrap_err();
    assert_eq!((failure.class, failure.detail.as_str()), (FailureClass::Rate, "slow do"));
}

#[tokio::test]
async fn an_answer_of_exactly_the_limit_is_read_and_no_more() {
    let text: &'static str = "x".repeat(ANSWER_BYTES_MAX + 1).leak();
    let (exactly, _) = text.split_at(ANSWER_BYTES_MAX);
    let host = Host { piece: 1 << 20, ..Host::answering(200, exactly) };
    assert_eq!(host.call(&entry()).await.unwrap().text.len(), ANSWER_BYTES_MAX);
    let failure = Host { piece: 1 << 20, ..Host::answering(200, text) }.call(&entry()).await.unwrap_err();
    assert_eq!((failure.class, failure.retriable), (FailureClass::Protocol, false));
}
