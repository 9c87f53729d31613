//! Secrets in headers: to whom they go, and where they are never seen.

use super::hosts;
use super::world::{Paper, SECRET};
use ports::egress::EgressClass::{self, Interrupted, Secret};
use ports::egress::ExchangeError;
use ports::{EgressPolicy, EgressRequest};

const REFERENCE: &str = "Bearer {{secret:vault:known}}";

fn policy() -> EgressPolicy {
    let secrets = ["vault:known", "env:KNOWN", "vault:lines", "vault:nested", "vault:unknown"];
    EgressPolicy {
        secrets: secrets.iter().map(|secret| format!("{secret}@api.example.com")).collect(),
        ..hosts(&["api.example.com", "other.example.com", "http://api.example.com"])
    }
}

fn request(url: &str, value: &str) -> EgressRequest {
    EgressRequest { headers: vec![("authorization".into(), value.into())], ..EgressRequest::new("GET", url) }
}

#[tokio::test]
async fn a_secret_is_put_in_where_its_name_stands() {
    let paper = Paper::default();
    let value = "a {{secret:vault:known}} b {{secret:env:KNOWN}} c {{secret:vault:known}}";
    paper.send(&policy(), request("https://api.example.com/", value)).await.unwrap();
    assert_eq!(paper.header(0, "authorization"), Some(format!("a {SECRET} b {SECRET} c {SECRET}")));
    assert!(paper.0.sent.borrow()[0].headers()["authorization"].is_sensitive());
    assert_eq!(*paper.0.opened.borrow(), ["vault:known", "env:KNOWN"], "each once");
}

#[tokio::test]
async fn a_secret_goes_to_whom_the_policy_says_and_the_vault_is_not_asked_for_others() {
    let own = |url: &str| request(url, REFERENCE);
    let cases = [
        (policy(), own("https://other.example.com/")),
        (policy(), own("http://api.example.com/")),
        (EgressPolicy { secrets: Vec::new(), ..policy() }, own("https://api.example.com/")),
        (policy(), request("https://api.example.com/", "{{secret:env:HOME}}")),
        (policy(), request("https://api.example.com/", "{{secret:vault:known}} {{secret:env:HOME}}")),
        (policy(), request("https://api.example.com/", "{{secret:vault:known")),
        (policy(), request("https://api.example.com/", "{{secret:}}")),
        (policy(), request("https://api.example.com/", "{{secret:{{secret:vault:known}}}}")),
    ];
    for (policy, request) in cases {
        let paper = Paper::default();
        let shown = request.headers.clone();
        let failure = paper.send(&policy, request).await.unwrap_err();
        assert_eq!((failure.class, failure.sent), (Secret, false), "{shown:?}");
        assert!(paper.0.dialled.borrow().is_empty() && paper.0.opened.borrow().is_empty(), "{shown:?}");
    }
}

#[tokio::test]
async fn a_secret_travels_in_clear_on_this_machine_only() {
    let policy = EgressPolicy {
        private: vec!["127.0.0.0/8".into(), "10.0.0.0/8".into()],
        secrets: vec!["vault:known@http://app.example.com".into()],
        ..hosts(&["http://app.example.com"])
    };
    let cases: [(&[&str], Option<EgressClass>); 4] = [
        (&["127.0.0.1", "127.0.0.2"], None),
        (&["10.0.0.1"], Some(Secret)),
        (&["93.184.216.34"], Some(Secret)),
        (&["127.0.0.1", "10.0.0.1"], Some(Secret)),
    ];
    for (addresses, outcome) in cases {
        let paper = Paper::naming("app.example.com", &[addresses]);
        let sent = paper.send(&policy, request("http://app.example.com/", REFERENCE)).await;
        assert_eq!(sent.err().map(|failure| failure.class), outcome, "{addresses:?}");
        // Unless whoever sends it says so, which no rule of a workspace can.
        let knowingly = EgressPolicy { secrets_in_clear: true, ..policy.clone() };
        paper.send(&knowingly, request("http://app.example.com/", REFERENCE)).await.unwrap();
    }
}

#[tokio::test]
async fn a_secret_that_is_missing_or_no_header_stops_the_request_and_is_not_told() {
    for reference in ["vault:unknown", "vault:lines"] {
        let paper = Paper::default();
        let value = format!("{{{{secret:{reference}}}}}");
        let failure = paper.send(&policy(), request("https://api.example.com/", &value)).await.unwrap_err();
        assert_eq!((failure.class, failure.sent), (Secret, false), "{reference}");
        assert!(!failure.detail.contains("sk-one"), "{failure}");
        assert!(paper.0.dialled.borrow().is_empty());
    }
}

#[tokio::test]
async fn a_secret_that_looks_like_a_reference_is_not_read_again() {
    let paper = Paper::default();
    paper.send(&policy(), request("https://api.example.com/", "{{secret:vault:nested}}")).await.unwrap();
    assert_eq!(paper.header(0, "authorization").as_deref(), Some("{{secret:vault:known}}"));
}

#[tokio::test]
async fn a_secret_stays_with_the_first_host_in_whatever_header_it_stood() {
    for header in ["authorization", "accept", "x-own", "idempotency-key"] {
        let paper = Paper::redirecting(307, &["/again", "https://other.example.com/", "https://api.example.com/back"]);
        let request = EgressRequest {
            headers: vec![(header.into(), REFERENCE.into())],
            ..EgressRequest::new("POST", "https://api.example.com/")
        };
        paper.send(&policy(), request).await.unwrap();
        let seen: Vec<bool> = (0..4).map(|index| paper.header(index, header).is_some()).collect();
        assert_eq!(seen, [true, true, false, false], "{header}");
    }
}

#[tokio::test]
async fn a_secret_in_a_failure_of_the_exchange_is_concealed() {
    let paper = Paper::default();
    paper.ends(Err(ExchangeError::Interrupted(format!("bad header {SECRET}, said the peer"))));
    let failure = paper.send(&policy(), request("https://api.example.com/", REFERENCE)).await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (Interrupted, true));
    assert!(failure.detail.ends_with("bad header …, said the peer"), "{failure}");

    let paper = Paper::default();
    *paper.0.broken.borrow_mut() = Some(Some(format!("bad chunk {SECRET}")));
    let failure = paper.send(&policy(), request("https://api.example.com/", REFERENCE)).await.unwrap_err();
    assert!(failure.detail.ends_with("bad chunk …"), "{failure}");

    let paper = Paper::default();
    *paper.0.unconnected.borrow_mut() = Some(format!("no {SECRET} here{}", "x".repeat(1000)));
    let failure = paper.send(&policy(), request("https://api.example.com/", REFERENCE)).await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (EgressClass::Connect, false));
    assert!(!failure.detail.contains("sk-") && failure.detail.chars().count() <= 300, "{failure}");
}
