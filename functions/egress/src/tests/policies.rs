//! Rules as people write them.

use super::hosts;
use super::world::Paper;
use crate::Policy;
use ports::EgressPolicy;
use ports::egress::EgressClass::{BadPolicy, RefusedAddress, RefusedHost};

#[test]
fn a_rule_that_is_not_what_it_seems_is_refused_by_name() {
    let unreadable = [
        "",
        "*",
        "*.",
        "*.com",
        "*.*.example.com",
        "a.*.example.com",
        "*example.com",
        "https://",
        "ftp://example.com",
        "//example.com",
        "example.com/path",
        "example.com?query",
        "example.com#part",
        "user@example.com",
        "exa mple.com",
        "example.com\n",
        "example.com\\evil.test",
        "example.com:0",
        "example.com:99999",
        "example..com",
        "*.127.0.0.1",
        "*.[::1]",
        "1.2.3.4.5",
        "[::1",
        "exa%6dple.com",
    ];
    for rule in unreadable {
        let failure = Policy::parse(&hosts(&["example.com", rule])).unwrap_err();
        assert_eq!(failure.class, BadPolicy, "{rule:?}");
    }
    for range in ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.0/", "10/8", "fe80::1%1"] {
        let policy = EgressPolicy { private: vec![range.into()], ..EgressPolicy::default() };
        assert_eq!(Policy::parse(&policy).unwrap_err().class, BadPolicy, "{range:?}");
    }
    for secret in ["", "vault:a", "vault:@example.com", "file:a@example.com", "a@example.com", "vault:a@", "env:A@*"] {
        let policy = EgressPolicy { secrets: vec![secret.into()], ..EgressPolicy::default() };
        assert_eq!(Policy::parse(&policy).unwrap_err().class, BadPolicy, "{secret:?}");
    }
    assert_eq!(Policy::parse(&hosts(&["example.com"; 257])).unwrap_err().class, BadPolicy);
}

#[test]
fn a_secret_may_have_an_at_sign_in_its_name() {
    let policy = EgressPolicy { secrets: vec!["vault:me@home@example.com".into()], ..EgressPolicy::default() };
    assert!(Policy::parse(&policy).is_ok());
}

#[tokio::test]
async fn a_policy_with_one_bad_rule_lets_nothing_out() {
    let refusal = Paper::default().refusal(&hosts(&["example.com", "*"]), "https://example.com/").await;
    assert_eq!(refusal, Some(BadPolicy));
}

#[tokio::test]
async fn the_default_policy_reaches_nothing() {
    let refusal = Paper::default().refusal(&EgressPolicy::default(), "https://example.com/").await;
    assert_eq!(refusal, Some(RefusedHost));
}

#[tokio::test]
async fn a_grant_opens_its_addresses_and_no_others() {
    let granted = |private: &[&str]| EgressPolicy {
        private: private.iter().map(|range| (*range).to_owned()).collect(),
        ..hosts(&["http://app.example.com"])
    };
    let cases: &[(&[&str], &[&str], bool)] = &[
        (&["127.0.0.1/32"], &["127.0.0.1"], true),
        (&["127.0.0.1"], &["127.0.0.1"], true),
        (&["127.0.0.1/32"], &["127.0.0.2"], false),
        (&["127.0.0.1/32"], &["::1"], false),
        (&["127.0.0.1/32", "::1"], &["127.0.0.1", "::1"], true),
        (&["127.0.0.1/32"], &["127.0.0.1", "10.0.0.1"], false),
        (&["10.0.0.0/8"], &["10.255.0.1", "93.184.216.34"], true),
        (&["10.0.0.0/9"], &["10.128.0.1"], false),
        (&["fd00::/8"], &["fd12::1"], true),
        (&["fd00::/8"], &["fc00::1"], false),
        // What holds an IPv4 address is opened by a grant of itself and of what it holds, never by the latter alone.
        (&["127.0.0.0/8"], &["::ffff:127.0.0.1"], false),
        (&["::ffff:0:0/96"], &["::ffff:127.0.0.1"], false),
        (&["::ffff:0:0/96", "127.0.0.0/8"], &["::ffff:127.0.0.1"], true),
        (&["64:ff9b::/96"], &["64:ff9b::5db8:d822"], true),
        (&["64:ff9b::/96"], &["64:ff9b::a00:1"], false),
        (&["2002::/16"], &["2002:a00:1::1"], false),
        (&["8000::/1", "::/1"], &["::ffff:a9fe:a9fe"], false),
    ];
    for (grants, addresses, open) in cases {
        let paper = Paper::naming("app.example.com", &[addresses]);
        let outcome = paper.get(&granted(grants), "http://app.example.com/").await;
        let expected = (!open).then_some(RefusedAddress);
        assert_eq!(outcome.err().map(|failure| failure.class), expected, "{grants:?} for {addresses:?}");
        assert_eq!(paper.0.dialled.borrow().len(), usize::from(*open));
    }
}
