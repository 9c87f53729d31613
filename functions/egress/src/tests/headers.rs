//! What a caller may put into a request.

use super::hosts;
use super::world::Paper;
use bytes::Bytes;
use ports::EgressRequest;
use ports::egress::EgressClass::BadRequest;

fn with(headers: &[(&str, &str)]) -> EgressRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    EgressRequest { headers, ..EgressRequest::new("GET", "https://example.com/") }
}

#[track_caller]
fn class(request: EgressRequest) -> Option<ports::egress::EgressClass> {
    let paper = Paper::default();
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let outcome = executor.block_on(paper.send(&hosts(&["example.com"]), request));
    assert_eq!(outcome.is_ok(), paper.0.dialled.borrow().len() == 1);
    outcome.err().map(|failure| failure.class)
}

#[test]
fn headers_of_the_connection_and_headers_that_would_be_two_are_refused() {
    let own = ["Host", "Connection", "Content-Length", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Keep-Alive"];
    for name in own.iter().chain(&["Proxy-Authorization", "Proxy-Connection", "Expect", "HTTP2-Settings", "Via"]) {
        assert_eq!(class(with(&[(name, "evil.test")])), Some(BadRequest), "{name}");
    }
    for (name, value) in [
        ("x-a", "1\r\nhost: evil.test"),
        ("x-a", "1\n"),
        ("x-a", "1\r"),
        ("x-a", "\u{0}"),
        ("x-a\r\nhost", "evil.test"),
        ("x a", "1"),
        ("x-a:", "1"),
        ("", "1"),
        ("x-\u{e4}", "1"),
    ] {
        assert_eq!(class(with(&[(name, value)])), Some(BadRequest), "{name:?}: {value:?}");
    }
    assert_eq!(class(with(&[("x-a", "t\u{e4}xt and a\ttab"), ("x-a", "twice")])), None);
}

#[test]
fn what_is_larger_than_a_request_should_be_is_refused() {
    let many: Vec<(&str, &str)> = vec![("x-a", "1"); 65];
    assert_eq!(class(with(&many)), Some(BadRequest));
    assert_eq!(class(with(&many[..64])), None);
    assert_eq!(class(with(&[("x-a", &"a".repeat(16 << 10))])), Some(BadRequest));
    let large = EgressRequest { body: Some(Bytes::from(vec![0; (8 << 20) + 1])), ..with(&[]) };
    assert_eq!(class(large), Some(BadRequest));
    let long = EgressRequest::new("GET", format!("https://example.com/{}", "a".repeat(8192)));
    assert_eq!(class(long), Some(ports::egress::EgressClass::BadUrl));
}

#[test]
fn only_methods_of_http_apis_are_used_in_any_case() {
    for method in ["CONNECT", "TRACE", "TRACK", "", "GET /\r\n", "GE T", "PROPFIND"] {
        assert_eq!(class(EgressRequest::new(method, "https://example.com/")), Some(BadRequest), "{method:?}");
    }
    for method in ["get", "HEAD", "Post", "put", "patch", "delete", "options"] {
        assert_eq!(class(EgressRequest::new(method, "https://example.com/")), None, "{method}");
    }
}

#[tokio::test]
async fn an_idempotency_key_is_sent_unless_there_is_one() {
    let request = EgressRequest { idempotency_key: Some("call-7".into()), ..with(&[]) };
    let paper = Paper::default();
    paper.send(&hosts(&["example.com"]), request).await.unwrap();
    assert_eq!(paper.header(0, "idempotency-key").as_deref(), Some("call-7"));

    let request = EgressRequest { idempotency_key: Some("call-7".into()), ..with(&[("Idempotency-Key", "own")]) };
    let paper = Paper::default();
    paper.send(&hosts(&["example.com"]), request).await.unwrap();
    assert_eq!(paper.0.sent.borrow()[0].headers().get_all("idempotency-key").iter().count(), 1);
    assert_eq!(paper.header(0, "idempotency-key").as_deref(), Some("own"));

    assert_eq!(
        Paper::default()
            .send(
                &hosts(&["example.com"]),
                EgressRequest { idempotency_key: Some("two\r\nlines: 1".into()), ..with(&[]) }
            )
            .await
            .unwrap_err()
            .class,
        BadRequest
    );
}

#[tokio::test]
async fn nothing_of_a_request_or_an_answer_is_printed() {
    let request = EgressRequest { body: Some(Bytes::from_static(b"SECRET")), ..with(&[("authorization", "SECRET")]) };
    let request = EgressRequest { url: "https://example.com/?key=SECRET".into(), ..request };
    assert!(!format!("{request:?}").contains("SECRET"));
    let paper = Paper::default();
    paper.ends(Ok(http::Response::new(Bytes::from_static(b"SECRET"))));
    assert!(!format!("{:?}", paper.send(&hosts(&["example.com"]), request).await.unwrap()).contains("SECRET"));
}
