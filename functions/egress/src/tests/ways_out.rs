//! Requests that go out, and by which rule.

use super::hosts;
use super::world::Paper;
use bytes::Bytes;
use http::Response;
use ports::egress::EgressClass;
use ports::{EgressPolicy, EgressRequest};

/// Rule, URL, and then: address, name and security of the peer, `host` header, path, final URL.
const WAYS: &[(&str, &str, &str)] = &[
    ("example.com", "https://example.com", "93.184.216.34:443 example.com true example.com / https://example.com/"),
    (
        "Example.COM.",
        "HTTPS://EXAMPLE.com.:443/a/../b?c=d#e",
        "93.184.216.34:443 example.com true example.com /b?c=d https://example.com/b?c=d",
    ),
    (
        "https://example.com/",
        "https://example.com/%2e%2e/a%20b?x={y}|z",
        "93.184.216.34:443 example.com true example.com /a%20b?x={y}|z https://example.com/a%20b?x={y}|z",
    ),
    (
        "*.example.com",
        "https://a.b.example.com/@x:y",
        "93.184.216.34:443 a.b.example.com true a.b.example.com /@x:y https://a.b.example.com/@x:y",
    ),
    (
        "http://*.example.com:8080",
        "http://a.example.com:8080/",
        "93.184.216.34:8080 a.example.com false a.example.com:8080 / http://a.example.com:8080/",
    ),
    (
        "api.example.com:8443",
        "https://api.example.com:8443/",
        "93.184.216.34:8443 api.example.com true api.example.com:8443 / https://api.example.com:8443/",
    ),
    (
        "http://example.com",
        "http://example.com:80/",
        "93.184.216.34:80 example.com false example.com / http://example.com/",
    ),
    (
        "bücher.example",
        "https://BÜCHER.example/ä?ö",
        "93.184.216.34:443 xn--bcher-kva.example true xn--bcher-kva.example /%C3%A4?%C3%B6 \
         https://xn--bcher-kva.example/%C3%A4?%C3%B6",
    ),
    (
        "xn--bcher-kva.example",
        "https://bücher\u{3002}example/",
        "93.184.216.34:443 xn--bcher-kva.example true xn--bcher-kva.example / https://xn--bcher-kva.example/",
    ),
    ("1.1.1.1", "https://1.1.1.1/", "1.1.1.1:443 1.1.1.1 true 1.1.1.1 / https://1.1.1.1/"),
    ("https://1.1.1.1", "https://0x01010101/", "1.1.1.1:443 1.1.1.1 true 1.1.1.1 / https://1.1.1.1/"),
    (
        "[2606:4700:4700::1111]",
        "https://[2606:4700:4700:0::1111]/",
        "[2606:4700:4700::1111]:443 2606:4700:4700::1111 true [2606:4700:4700::1111] / \
         https://[2606:4700:4700::1111]/",
    ),
    (
        "http://[2606:4700:4700::1111]:8080",
        "http://[2606:4700:4700::1111]:8080/",
        "[2606:4700:4700::1111]:8080 2606:4700:4700::1111 false [2606:4700:4700::1111]:8080 / \
         http://[2606:4700:4700::1111]:8080/",
    ),
    (
        "my_host.example.com",
        "https://my_host.example.com/",
        "93.184.216.34:443 my_host.example.com true my_host.example.com / https://my_host.example.com/",
    ),
];

#[tokio::test]
async fn what_a_rule_names_is_reached_under_its_name_at_its_address() {
    for (rule, url, way) in WAYS {
        let paper = Paper::default();
        let response = paper.get(&hosts(&[rule]), url).await.unwrap_or_else(|failure| panic!("{url}: {failure}"));
        let peer = paper.0.dialled.borrow()[0].clone();
        let host = paper.header(0, "host").unwrap();
        let path = paper.0.sent.borrow()[0].uri().to_string();
        let went = format!("{} {} {} {host} {path} {}", peer.address, peer.name, peer.secure, response.url);
        assert_eq!(went, *way, "{url}");
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_is_and_its_answer_comes_back() {
    let paper = Paper::default();
    let answer = Response::builder().status(418).header("X-Peer", "yes").header("x-bytes", &b"a\xff"[..]);
    paper.ends(Ok(answer.body(Bytes::from_static(b"short and stout")).unwrap()));
    let request = EgressRequest {
        headers: vec![("X-Own".into(), "1".into()), ("x-own".into(), "2".into())],
        body: Some(Bytes::from_static(b"hello")),
        ..EgressRequest::new("post", "https://example.com/path?query")
    };
    let response = paper.send(&hosts(&["example.com"]), request).await.unwrap();
    assert_eq!((response.status, &response.body[..]), (418, &b"short and stout"[..]));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(response.headers, [header("x-peer", "yes"), header("x-bytes", "a\u{fffd}")]);

    let sent = paper.0.sent.borrow();
    assert_eq!((sent[0].method().as_str(), sent[0].body().as_ref()), ("POST", &b"hello"[..]));
    assert_eq!(sent[0].headers().get_all("x-own").iter().count(), 2);
    assert_eq!(sent[0].headers().len(), 3, "no header of our own but host");
}

#[tokio::test]
async fn another_address_of_the_name_is_tried_when_nobody_answers_at_the_first() {
    let addresses = ["1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5"];
    for (dead, reached) in [(0, Some(1)), (2, Some(3)), (3, Some(4)), (4, None)] {
        let paper = Paper::naming("example.com", &[&addresses]);
        *paper.0.dead.borrow_mut() = addresses.iter().take(dead).map(|address| address.parse().unwrap()).collect();
        let outcome = paper.get(&hosts(&["example.com"]), "https://example.com/").await;
        assert_eq!(paper.0.dialled.borrow().len(), reached.unwrap_or(4), "four are tried");
        let class = outcome.err().map(|failure| (failure.class, failure.sent));
        assert_eq!(class, reached.is_none().then_some((EgressClass::Connect, false)));
    }
}

#[tokio::test]
async fn a_policy_is_read_from_what_it_says_and_usual_limits() {
    for (policy, limit) in [
        (hosts(&["example.com"]), 8 << 20),
        (EgressPolicy { response_bytes_max: usize::MAX, ..hosts(&["example.com"]) }, 16 << 20),
    ] {
        for announces in [true, false] {
            let paper = Paper::default();
            paper.0.announces.set(announces);
            for size in [limit, limit + 1] {
                paper.ends(Ok(Response::new(Bytes::from(vec![b'x'; size]))));
                let class = paper.get(&policy, "https://example.com/").await.map_err(|failure| failure.class);
                let whole = class.map(|answer| answer.body.len());
                let wanted = if size == limit { Ok(limit) } else { Err(EgressClass::TooLarge) };
                assert_eq!(whole, wanted, "{limit}, however much a policy allows");
            }
        }
    }
    let usual = EgressPolicy::default();
    assert_eq!((usual.redirects_max, usual.response_bytes_max, usual.timeout_ms), (5, 8 << 20, 30_000));
}
