//! A peer that may be reached, and that leads elsewhere.

use super::hosts;
use super::world::Paper;
use bytes::Bytes;
use http::Response;
use ports::egress::EgressClass::{self, BadUrl, RefusedAddress, RefusedHost, RefusedScheme, TooManyRedirects};

/// Where `https://example.com/start` leads. The addresses are on the list, and still not public.
const LOCATIONS: &[(&str, EgressClass)] = &[
    ("http://169.254.169.254/latest/meta-data/", RefusedAddress),
    ("http://2852039166/", RefusedAddress),
    ("http://[::1]/", RefusedAddress),
    ("http://0x7f.1/", RefusedAddress),
    ("http://127.0.0.1:6379/", RefusedHost),
    ("//169.254.169.254/latest/", RefusedScheme),
    ("///169.254.169.254/latest/", BadUrl),
    ("////evil.test/", BadUrl),
    ("//evil.test/", RefusedHost),
    ("https://internal.example.com/", RefusedAddress),
    ("//internal.example.com/", RefusedAddress),
    ("https://evil.test/", RefusedHost),
    ("https://example.com.evil.test/", RefusedHost),
    ("https://example.com:8443/", RefusedHost),
    ("http://example.com/", RefusedScheme),
    ("HTTP://EXAMPLE.COM/", RefusedScheme),
    ("https://example.com@evil.test/", BadUrl),
    ("https://user:password@example.com/", BadUrl),
    ("//user@example.com/", BadUrl),
    ("https://evil.test\\@example.com/", BadUrl),
    ("/\\evil.test/", BadUrl),
    ("\\\\evil.test/", BadUrl),
    ("/\tevil.test/", BadUrl),
    ("/with a space", BadUrl),
    ("https://[fe80::1%25eth0]/", BadUrl),
    ("https://example.com:0/", BadUrl),
    ("file:///etc/passwd", RefusedScheme),
    ("gopher://127.0.0.1:6379/_INFO", RefusedScheme),
    ("data:text/html,hello", RefusedScheme),
    ("javascript:alert(1)", RefusedScheme),
    ("ftp://example.com/", RefusedScheme),
    ("http://[::ffff:169.254.169.254]/", RefusedHost),
    ("http://169.254.169.254./latest/", RefusedAddress),
    ("http://0251.0376.0251.0376/", RefusedAddress),
    ("http://\u{ff11}\u{ff16}\u{ff19}.254.169.254/", RefusedAddress),
    ("ldap://127.0.0.1/", RefusedScheme),
    ("blob:https://example.com/x", RefusedScheme),
    ("https://example.com:443@169.254.169.254/", BadUrl),
];

#[tokio::test]
async fn no_redirect_leads_where_a_request_may_not_go() {
    let list = ["example.com", "internal.example.com", "http://169.254.169.254", "http://[::1]", "http://127.0.0.1"];
    for (location, class) in LOCATIONS {
        for status in [301, 302, 303, 307, 308] {
            let paper = Paper::naming("internal.example.com", &[&["10.0.0.1"]]);
            let response = Response::builder().status(status).header("location", location.as_bytes());
            paper.ends(Ok(response.body(Bytes::new()).unwrap()));
            let failure = paper.get(&hosts(&list), "https://example.com/start").await.unwrap_err();
            assert_eq!(failure.class, *class, "{location:?}: {failure}");
            assert!(failure.sent, "{location:?}: the first host was asked");
            assert_eq!(paper.0.dialled.borrow().len(), 1, "{location:?}: only the first host was dialled");
        }
    }
}

#[tokio::test]
async fn a_redirect_without_slashes_stays_where_it_is() {
    let paper = Paper::redirecting(302, &["https:evil.test"]);
    let response = paper.get(&hosts(&["example.com"]), "https://example.com/a/start").await.unwrap();
    assert_eq!(response.url, "https://example.com/a/evil.test");
}

#[tokio::test]
async fn a_name_is_checked_again_when_a_redirect_leads_back_to_it() {
    let paper = Paper::naming("example.com", &[&["93.184.216.34"], &["10.0.0.1"]]);
    paper.ends(Ok(Response::builder().status(302).header("location", "/again").body(Bytes::new()).unwrap()));
    let failure = paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (RefusedAddress, true));
    assert_eq!(paper.0.dialled.borrow().len(), 1);
}

#[tokio::test]
async fn a_chain_of_redirects_ends_where_the_policy_says() {
    for redirects_max in [0, 1, 5] {
        let policy = ports::EgressPolicy { redirects_max, ..hosts(&["example.com"]) };
        let paper = Paper::redirecting(302, &["/next"; 30]);
        let failure = paper.get(&policy, "https://example.com/").await.unwrap_err();
        assert_eq!((failure.class, failure.sent), (TooManyRedirects, true));
        assert_eq!(paper.0.dialled.borrow().len(), redirects_max as usize + 1);
    }
    let endless = ports::EgressPolicy { redirects_max: u32::MAX, ..hosts(&["example.com"]) };
    let paper = Paper::redirecting(302, &["/next"; 50]);
    assert_eq!(paper.get(&endless, "https://example.com/").await.unwrap_err().class, TooManyRedirects);
    assert_eq!(paper.0.dialled.borrow().len(), 21, "however many a policy allows");
}

#[tokio::test]
async fn a_loop_between_two_hosts_ends_and_neither_sees_what_was_meant_for_the_other() {
    let list = hosts(&["example.com", "other.example.com"]);
    let paper = Paper::redirecting(307, &["https://other.example.com/", "https://example.com/"].repeat(10));
    let request = ports::EgressRequest {
        headers: vec![("authorization".into(), "Bearer literal".into())],
        ..ports::EgressRequest::new("GET", "https://example.com/")
    };
    let failure = paper.send(&list, request).await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (TooManyRedirects, true));
    let seen: Vec<bool> = (0..6).map(|nth| paper.header(nth, "authorization").is_some()).collect();
    assert_eq!(seen, [true, false, false, false, false, false]);
}

#[tokio::test]
async fn a_redirect_to_two_places_or_to_bytes_leads_nowhere() {
    let two = Response::builder().status(302).header("location", "/a").header("location", "/b");
    let bytes = Response::builder().status(302).header("location", &b"/\xff\xfe"[..]);
    for response in [two, bytes] {
        let paper = Paper::default();
        paper.ends(Ok(response.body(Bytes::new()).unwrap()));
        let failure = paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap_err();
        assert_eq!((failure.class, failure.sent), (BadUrl, true));
    }
}
