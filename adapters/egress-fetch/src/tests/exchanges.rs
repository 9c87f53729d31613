//! What is fetched for an exchange.

use super::platform::{Answer, Platform};
use crate::FetchDialler;
use bytes::Bytes;
use http::{Request, Response};
use ports::egress::{ConnectionBody, ExchangeError, Peer};
use ports::fetch::whole;
use ports::{Dial as _, Fetch};
use std::rc::Rc;

fn peer(address: &str, name: &str, secure: bool) -> Peer {
    Peer { address: address.parse().unwrap(), name: name.to_owned(), secure }
}

async fn exchange(
    platform: &Rc<Platform>,
    peer: Peer,
    path: &str,
) -> Result<Response<Box<dyn ConnectionBody>>, ExchangeError> {
    let dialler = FetchDialler::new(Rc::clone(platform) as Rc<dyn Fetch>);
    let request = Request::post(path).header("host", "elsewhere.example").header("x-mine", "1");
    dialler.connect(&peer).await.unwrap().exchange(request.body(Bytes::from_static(b"hi")).unwrap()).await
}

fn ok() -> Answer {
    Ok((200, Vec::new(), Vec::new()))
}

#[tokio::test]
async fn the_origin_that_was_checked_is_what_is_fetched_whatever_the_headers_say() {
    let platform = Platform::new(|_| ok());
    for (peer, path) in [
        (peer("93.184.215.14:443", "example.org", true), "/a?b=c"),
        (peer("93.184.215.14:8443", "example.org", true), "/"),
        (peer("127.0.0.1:80", "127.0.0.1", false), "/x"),
        (peer("127.0.0.1:443", "localhost", false), "/x"),
        (peer("[::1]:8080", "::1", false), "//not-a-host/x"),
    ] {
        exchange(&platform, peer, path).await.unwrap();
    }
    let fetched = [
        "https://example.org/a?b=c",
        "https://example.org:8443/",
        "http://127.0.0.1/x",
        "http://localhost:443/x",
        "http://[::1]:8080//not-a-host/x",
    ];
    assert_eq!(platform.fetched(), fetched);
    let asked = platform.asked.borrow();
    assert!(asked.iter().all(|request| !request.headers().contains_key("host")));
    assert_eq!(
        (asked[0].method().as_str(), &asked[0].headers()["x-mine"], &asked[0].body()[..]),
        ("POST", &"1".parse().unwrap(), &b"hi"[..])
    );
}

#[tokio::test]
async fn an_answer_is_handed_on_as_it_is_and_a_redirect_is_one() {
    let pieces = || vec!["one".to_owned(), "two".to_owned()];
    let platform = Platform::new(move |_| Ok((302, vec![("location", "http://10.0.0.1/".to_owned())], pieces())));
    let response = exchange(&platform, peer("93.184.215.14:443", "example.org", true), "/").await.unwrap();
    let (head, mut body) = response.into_parts();
    assert_eq!((head.status.as_u16(), &head.headers["location"]), (302, &"http://10.0.0.1/".parse().unwrap()));
    assert_eq!(body.chunk().await.unwrap().unwrap(), "one");
    assert_eq!(whole(&mut *body, 10).await.unwrap(), "two");
    assert_eq!(platform.fetched().len(), 1);
}

#[tokio::test]
async fn a_body_that_was_decoded_on_the_way_is_not_said_to_be_encoded() {
    let headers = |encoded: bool| {
        let mut headers = vec![("content-length", "9".to_owned()), ("x-other", "1".to_owned())];
        headers.extend(encoded.then(|| ("content-encoding", "gzip".to_owned())));
        headers
    };
    for encoded in [false, true] {
        let platform = Platform::new(move |_| Ok((200, headers(encoded), vec!["plain".to_owned()])));
        let response = exchange(&platform, peer("93.184.215.14:443", "example.org", true), "/").await.unwrap();
        let has = |name| response.headers().contains_key(name);
        assert_eq!((has("content-encoding"), has("content-length"), has("x-other")), (false, !encoded, true));
    }
}

#[tokio::test]
async fn a_fetch_without_answer_may_have_been_seen_by_the_peer() {
    let platform = Platform::new(|_| Err("network lost".to_owned()));
    let failed = exchange(&platform, peer("93.184.215.14:443", "example.org", true), "/").await;
    assert_eq!(failed.err(), Some(ExchangeError::Interrupted("network lost".to_owned())));
}
