//! Calls that reach a provider.

use super::host::{Host, Seen, entry, header, out, request};
use crate::{ANSWER_BYTES_MAX, ProviderEntry};
use ports::Models;
use ports::egress::EgressClass;
use ports::provider::FailureClass::{self, Auth, Cut, Invalid, Protocol, Timeout, Unavailable};

#[tokio::test]
async fn a_call_goes_out_with_key_model_deadline_and_idempotency_key_and_its_answer_comes_back() {
    let host = Host::answering(200, "hello");
    assert_eq!(host.call(&entry()).await.unwrap().text, "hello");

    let sent = host.sent.borrow();
    let (request, policy) = &sent[0];
    assert_eq!(sent.len(), 1, "one call is one exchange");
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://api.example.com/v1/echo"));
    assert_eq!(header(request, "authorization").unwrap(), "{{secret:vault:echo}}", "the way out puts it in");
    assert_eq!(header(request, "idempotency-key").unwrap(), "call-7");
    assert_eq!(header(request, "model").unwrap(), "echo-large", "the entry's model, not the request's");
    assert_eq!((policy.timeout_ms, policy.response_bytes_max), (1234, ANSWER_BYTES_MAX));
    assert!(host.vault.asked.borrow().is_empty(), "nobody before the way out sees the key");
}

#[tokio::test]
async fn a_call_may_reach_its_own_origin_and_what_the_workspace_grants_and_nothing_else() {
    let host = Host::answering(200, "hello");
    host.call(&entry()).await.unwrap();
    let (request, policy) = host.sent.borrow()[0].clone();
    assert!(!request.follow_redirects);
    assert_eq!((policy.hosts, policy.redirects_max), (vec!["https://api.example.com".to_owned()], 0));
    assert_eq!(policy.private, ["192.168.1.5/32"]);
    assert_eq!(policy.secrets, ["vault:echo@https://api.example.com"]);
    assert!(!policy.secrets_in_clear);

    let here = ProviderEntry { base_url: "http://LOCALHOST:8080/v1".into(), ..entry() };
    host.call(&here).await.unwrap();
    let (_, policy) = host.sent.borrow()[1].clone();
    assert_eq!(policy.hosts, ["http://LOCALHOST:8080"]);
    assert_eq!(policy.private, ["127.0.0.0/8", "::1"], "this machine, and what is granted of others does not count");
}

#[tokio::test]
async fn a_provider_without_key_is_called_without_asking_the_vault() {
    let host = Host::answering(200, "hello");
    host.call(&ProviderEntry { key_ref: None, ..entry() }).await.unwrap();
    let (request, policy) = host.sent.borrow()[0].clone();
    assert_eq!((header(&request, "authorization").as_deref(), policy.secrets.len()), (Some("none"), 0));
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
    // How the way out fails, whether something was sent, and then: class, and whether it may be tried again.
    let endings = [
        (EgressClass::Connect, false, Unavailable, true),
        (EgressClass::Unresolvable, false, Unavailable, true),
        (EgressClass::Timeout, false, Unavailable, true),
        (EgressClass::Timeout, true, Timeout, true),
        (EgressClass::Interrupted, true, Timeout, true),
        (EgressClass::TooLarge, true, Protocol, false),
        (EgressClass::TooManyRedirects, true, Protocol, false),
        (EgressClass::RefusedAddress, false, Invalid, false),
        (EgressClass::RefusedHost, false, Invalid, false),
        (EgressClass::RefusedScheme, false, Invalid, false),
        (EgressClass::BadPolicy, false, Invalid, false),
        (EgressClass::BadUrl, false, Invalid, false),
        (EgressClass::BadRequest, false, Invalid, false),
        (EgressClass::Secret, false, Auth, false),
    ];
    for (way, sent, class, retriable) in endings {
        let error = ports::EgressFailure { sent, ..out(way, "it is so") };
        let failure = Host::failing(error.clone()).call(&entry()).await.unwrap_err();
        assert_eq!((failure.class, failure.retriable), (class, retriable), "{error}");
        assert_eq!((failure.detail.as_str(), failure.retry_after_ms), ("it is so", None));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_cut_and_one_that_is_too_large_is_none() {
    for (way, class, retriable) in [
        (EgressClass::Interrupted, Cut, true),
        (EgressClass::Timeout, Cut, true),
        (EgressClass::TooLarge, Protocol, false),
    ] {
        let host = Host { broken: Some(out(way, "it is so")), ends: false, ..Host::answering(200, "hel") };
        let failure = host.call(&entry()).await.unwrap_err();
        assert_eq!((failure.class, failure.retriable, failure.detail.as_str()), (class, retriable, "it is so"));
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
    let broken = Some(out(EgressClass::Interrupted, "reset"));
    let host = Host { broken, ..Host::answering(429, "slow do") };
    let failure = host.call(&entry()).await.unwrap_err();
    assert_eq!((failure.class, failure.detail.as_str()), (FailureClass::Rate, "slow do"));
}
