//! Exchanges in clear.

use super::peer::{Then, with_peer};
use super::{connected, peer_named, post, question, whole};
use crate::HttpDialler;
use bytes::Bytes;
use http::Request;
use ports::Dial;
use ports::egress::ExchangeError::Interrupted;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_request_arrives_as_it_is_at_the_address_and_under_the_name_it_was_given() {
    let said = b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 5\r\n\r\nhello";
    let (response, requests) = with_peer(said, Then::Hang, post).await;
    let response = response.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["location"]), (302, &"/other".parse().unwrap()));
    assert_eq!(response.body(), "hello");
    let wanted = "POST /path?query HTTP/1.1\r\nhost: app.test\r\ncontent-length: 8\r\n\r\nquestion";
    assert_eq!(requests, [wanted], "once: the redirect is an answer");
}

#[tokio::test]
async fn an_encoded_body_comes_as_it_is() {
    let said = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00";
    let (response, _) = with_peer(said, Then::Hang, post).await;
    assert_eq!(response.unwrap().body().as_ref(), b"\x1f\x8b\x08\x00");
}

#[tokio::test]
async fn bodies_in_chunks_until_the_end_and_none_at_all_are_read() {
    for (said, then, body) in [
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", Then::Hang, "hello"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", Then::Close, "hello"),
        ("HTTP/1.1 204 No Content\r\n\r\n", Then::Hang, ""),
        ("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", Then::Hang, "x"),
    ] {
        let (response, _) = with_peer(said.as_bytes(), then, post).await;
        assert_eq!(response.unwrap().body(), body, "{said:?}");
    }
    let head = async |address| {
        let request = Request::head("/").header("host", "app.test").body(Bytes::new()).unwrap();
        let response = connected(address).await.exchange(request).await?;
        assert_eq!(response.body().announced(), 0);
        whole(response).await
    };
    let (response, _) = with_peer(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", Then::Hang, head).await;
    assert_eq!(response.unwrap().headers()["content-length"], "9999", "the answer to HEAD has no body");
}

#[tokio::test]
async fn the_head_says_how_much_will_come_at_least_and_is_there_before_the_body() {
    for (said, announced) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", 1001),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n", 0),
        ("HTTP/1.1 200 OK\r\n\r\nhel", 0),
        ("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551613\r\n\r\n", 18_446_744_073_709_551_613),
    ] {
        let (response, _) =
            with_peer(said.as_bytes(), Then::Hang, async |address| connected(address).await.exchange(question()).await)
                .await;
        assert_eq!(response.unwrap().body().announced(), announced, "{said:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_dropped_ends_the_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asking = async {
        let mut body = connected(address).await.exchange(question()).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "hel");
    };
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        super::peer::read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n").await.unwrap();
        stream.read(&mut [0]).await
    };
    let (end, ()) = tokio::join!(serving, asking);
    assert!(matches!(end, Ok(0) | Err(_)), "the peer sees it end: {end:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_or_none_is_interrupted() {
    let endless = format!("HTTP/1.1 200 OK\r\nx-a: {}", "a".repeat(100 << 10));
    for said in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n",
        &endless,
    ] {
        let (outcome, _) = with_peer(said.as_bytes(), Then::Close, post).await;
        assert!(matches!(outcome, Err(Interrupted(_))), "{said:.60?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_peer_that_is_silent_can_be_left_at_any_time() {
    let waiting = async |address| tokio::time::timeout(Duration::from_millis(50), post(address)).await;
    let (outcome, requests) = with_peer(b"", Then::Hang, waiting).await;
    assert!(outcome.is_err());
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn where_nobody_listens_there_is_no_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = peer_named("app.test", listener.local_addr().unwrap(), false);
    drop(listener);
    let Err(why) = HttpDialler::new().unwrap().connect(&peer).await else { panic!("nobody listens") };
    assert!(why.contains("refused"), "{why}");
}
