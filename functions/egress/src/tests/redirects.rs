//! Redirects that are followed: what goes on to the next host, and what stays behind.

use super::hosts;
use super::world::Paper;
use bytes::Bytes;
use ports::EgressRequest;

fn request(method: &str) -> EgressRequest {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    EgressRequest {
        headers: vec![
            header("Authorization", "Bearer literal"),
            header("cookie", "session=1"),
            header("x-api-key", "literal"),
            header("content-type", "text/plain"),
            header("accept", "application/json"),
        ],
        body: Some(Bytes::from_static(b"hello")),
        idempotency_key: Some("call-7".into()),
        ..EgressRequest::new(method, "https://example.com/start")
    }
}

#[tokio::test]
async fn the_method_and_the_body_of_a_redirected_request_are_those_the_status_asks_for() {
    let cases = [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (302, "GET", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (308, "PATCH", "PATCH"),
    ];
    for (status, asked, then) in cases {
        let paper = Paper::redirecting(status, &["/next?a=b#part"]);
        let response = paper.send(&hosts(&["example.com"]), request(asked)).await.unwrap();
        assert_eq!(response.url, "https://example.com/next?a=b");
        let sent = paper.0.sent.borrow();
        let [first, next] = sent.as_slice() else { panic!("{status} {asked}: two requests") };
        assert_eq!((first.method().as_str(), first.uri().to_string().as_str()), (asked, "/start"));
        assert_eq!((next.method().as_str(), next.uri().to_string().as_str()), (then, "/next?a=b"), "{status} {asked}");
        let became_get = asked != then;
        assert_eq!(next.body().is_empty(), became_get, "{status} {asked}");
        assert_eq!(next.headers().contains_key("content-type"), !became_get);
        assert_eq!(next.headers().contains_key("idempotency-key"), !became_get);
        assert_eq!(next.headers()["authorization"], "Bearer literal", "the same host gets it again");
    }
}

#[tokio::test]
async fn credentials_stay_with_the_host_they_were_meant_for_and_do_not_come_back() {
    let policy = hosts(&["example.com", "other.example.com", "https://example.com:8443", "http://example.com:443"]);
    for elsewhere in ["https://other.example.com/", "https://example.com:8443/", "http://example.com:443/"] {
        let paper = Paper::redirecting(307, &[elsewhere, "https://example.com/back"]);
        paper.send(&policy, request("POST")).await.unwrap();
        assert_eq!(paper.0.sent.borrow().len(), 3);
        for index in [1, 2] {
            for name in ["authorization", "cookie", "x-api-key"] {
                assert_eq!(paper.header(index, name), None, "{name} at {elsewhere} as {index}");
            }
            assert_eq!(paper.header(index, "accept").as_deref(), Some("application/json"));
            assert_eq!(paper.header(index, "idempotency-key").as_deref(), Some("call-7"));
        }
        assert_eq!(paper.0.sent.borrow()[1].body(), "hello");
    }
}

#[tokio::test]
async fn every_hop_is_dialled_by_its_own_name_and_address() {
    let paper = Paper::naming("other.example.com", &[&["2606:2800:220:1::1"]]);
    let away = http::Response::builder().status(302).header("location", "http://other.example.com:8080/next");
    paper.ends(Ok(away.body(Bytes::new()).unwrap()));
    let policy = hosts(&["example.com", "http://other.example.com:8080"]);
    paper.get(&policy, "https://example.com/").await.unwrap();
    let dialled = paper.0.dialled.borrow();
    let shown: Vec<String> = dialled.iter().map(|p| format!("{} {} {}", p.address, p.name, p.secure)).collect();
    assert_eq!(shown, ["93.184.216.34:443 example.com true", "[2606:2800:220:1::1]:8080 other.example.com false"]);
    assert_eq!(paper.header(1, "host").as_deref(), Some("other.example.com:8080"));
}

#[tokio::test]
async fn a_redirect_is_the_answer_when_nobody_wants_to_follow_or_it_leads_nowhere() {
    let paper = Paper::redirecting(302, &["http://169.254.169.254/"]);
    let request = EgressRequest { follow_redirects: false, ..EgressRequest::new("GET", "https://example.com/") };
    let response = paper.send(&hosts(&["example.com"]), request).await.unwrap();
    assert_eq!((response.status, response.url.as_str()), (302, "https://example.com/"));
    assert!(response.headers.contains(&("location".into(), "http://169.254.169.254/".into())));

    for status in [300, 304, 201, 302] {
        let paper = Paper::default();
        let place = (status == 201).then_some(("location", "/made"));
        let response = http::Response::builder().status(status);
        let response = place.into_iter().fold(response, |response, (name, value)| response.header(name, value));
        paper.ends(Ok(response.body(Bytes::new()).unwrap()));
        assert_eq!(paper.get(&hosts(&["example.com"]), "https://example.com/").await.unwrap().status, status);
    }
}
