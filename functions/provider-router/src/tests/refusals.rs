//! Calls that must not leave the host.

use super::host::{Host, entry, out};
use crate::ProviderEntry;
use ports::egress::EgressClass::Secret;
use ports::provider::FailureClass::{self, Auth, Invalid, Unavailable};

/// Why a call of `entry` was refused; nothing may have been sent.
async fn refused(entry: &ProviderEntry) -> (FailureClass, String) {
    let host = Host::answering(200, "hello");
    let failure = host.call(entry).await.expect_err(&entry.base_url);
    assert!(host.sent.borrow().is_empty(), "something was sent");
    assert!(!failure.retriable, "{}", failure.detail);
    (failure.class, failure.detail)
}

fn at(base_url: &str) -> ProviderEntry {
    ProviderEntry { base_url: base_url.into(), ..entry() }
}

#[tokio::test]
async fn an_unknown_dialect_is_answered_with_the_known_ones() {
    let (class, detail) = refused(&ProviderEntry { dialect: "smoke\n".into(), ..entry() }).await;
    assert_eq!(class, Invalid);
    assert_eq!(detail, r#"the dialect "smoke\n" is not known here; known: mute, echo"#);
}

#[tokio::test]
async fn a_missing_key_is_not_replaced_by_none() {
    let endings = [("vault:other", Auth), ("vault:broken", Unavailable), ("hunter2", Invalid)];
    for (reference, wanted) in endings {
        let entry = ProviderEntry { key_ref: Some(reference.into()), ..entry() };
        let failure = Host::failing(out(Secret, "no key")).call(&entry).await.unwrap_err();
        assert_eq!((failure.class, failure.retriable), (wanted, false), "{reference}: {}", failure.detail);
        assert!(failure.detail != "no key" && !failure.detail.contains("hunter2"), "{}", failure.detail);
    }
}

#[tokio::test]
async fn a_key_does_not_travel_in_clear() {
    let elsewhere = [
        "http://api.example.com/v1",
        "HTTP://api.example.com/v1",
        "http://10.0.0.7/v1",
        "http://0.0.0.0/v1",
        "http://128.0.0.1/v1",
        "http://[fe80::1]/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
    ];
    for base_url in elsewhere {
        let (class, detail) = refused(&at(base_url)).await;
        assert_eq!(class, Invalid, "{base_url}");
        assert!(detail.contains("allow_plain_http"), "{base_url}: {detail}");
        let knowingly = ProviderEntry { allow_plain_http: true, ..at(base_url) };
        let host = Host::answering(200, "hello");
        assert!(host.call(&knowingly).await.is_ok(), "{base_url}");
        let (_, policy) = host.sent.borrow()[0].clone();
        assert!(policy.secrets_in_clear && policy.private == entry().private, "{base_url}");
    }
}

#[tokio::test]
async fn an_address_with_a_name_before_its_host_is_refused_and_not_repeated() {
    for base_url in ["http://127.0.0.1@example.com/v1", "http://localhost@example.com/v1", "https://a:hunter2@b/"] {
        let entry = ProviderEntry { allow_plain_http: true, ..at(base_url) };
        let (class, detail) = refused(&entry).await;
        assert_eq!(class, Invalid, "{base_url}");
        assert!(detail.contains("user name") && !detail.contains("hunter2"), "{detail}");
    }
}

#[tokio::test]
async fn a_refused_address_leaves_the_key_untouched() {
    let host = Host::answering(200, "hello");
    host.call(&at("http://api.example.com/v1")).await.unwrap_err();
    assert!(host.vault.asked.borrow().is_empty());
}

#[tokio::test]
async fn this_machine_may_be_called_in_clear() {
    for base_url in
        ["http://localhost:8080", "http://LOCALHOST", "http://127.0.0.1:1/v1", "http://127.9.9.9", "http://[::1]:1"]
    {
        assert!(Host::answering(200, "hello").call(&at(base_url)).await.is_ok(), "{base_url}");
    }
}

#[tokio::test]
async fn what_is_no_web_address_is_refused_whatever_the_entry_allows() {
    for base_url in
        ["", "api.example.com/v1", "/v1", "ftp://hunter2@host/", "ws://hunter2/", "http://hun ter2/", "http://"]
    {
        let (class, detail) = refused(&ProviderEntry { allow_plain_http: true, ..at(base_url) }).await;
        assert_eq!(class, Invalid, "{base_url}");
        assert!(!detail.contains("hunter2"), "{detail}");
    }
}
