//! Bodies that are read as they come.

use super::AMPLE_MS;
use super::peer::{Behaviour, answer, with_peer};
use crate::HttpClient;
use bytes::Bytes;
use http::{Request, Response};
use ports::OutboundError::{self, Connect, Interrupted};
use ports::{BodyStream, Outbound};
use std::time::Duration;

const HEAD: &str = "HTTP/1.1 200 OK\r\nx-peer: yes\r\ntransfer-encoding: chunked\r\n\r\n";

/// A client that waits 150 ms for a piece.
fn client() -> HttpClient {
    HttpClient::new().unwrap().with_silence(Duration::from_millis(150))
}

async fn open(url: &str, timeout_ms: u64) -> Result<Response<Box<dyn BodyStream>>, OutboundError> {
    let request = Request::post(url).body(Bytes::from_static(b"question")).unwrap();
    client().open(request, timeout_ms).await
}

/// What comes of a body, and how it ends.
async fn read(url: &str, timeout_ms: u64) -> (String, Result<(), OutboundError>) {
    let mut body = open(url, timeout_ms).await.unwrap().into_body();
    let mut text = String::new();
    loop {
        match body.chunk().await {
            Ok(Some(piece)) => text.push_str(std::str::from_utf8(&piece).unwrap()),
            Ok(None) => return (text, Ok(())),
            Err(error) => return (text, Err(error)),
        }
    }
}

#[tokio::test]
async fn the_head_is_there_before_the_body() {
    with_peer(Behaviour::SayAndHang(format!("{HEAD}3\r\nhel\r\n")), async |url, _| {
        let response = open(&url, AMPLE_MS).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["x-peer"]), (200, &"yes".parse().unwrap()));
        let mut body = response.into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "hel");
        assert_eq!(body.chunk().await.unwrap_err(), Interrupted("nothing came for 150 ms".into()));
    })
    .await;
}

#[tokio::test]
async fn a_whole_body_ends() {
    for said in [format!("{HEAD}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), answer("hello")] {
        with_peer(Behaviour::Say(said), async |url, _| {
            assert_eq!(read(&url, AMPLE_MS).await, ("hello".into(), Ok(())));
        })
        .await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_does_not_end() {
    for said in [format!("{HEAD}3\r\nhel\r\n"), answer("hello").replace("hello", "hel")] {
        with_peer(Behaviour::SayAndClose(said), async |url, _| {
            let (text, end) = read(&url, AMPLE_MS).await;
            assert!(text == "hel" && matches!(end, Err(Interrupted(_))), "{text} {end:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn the_deadline_holds_for_a_body_that_never_ends() {
    with_peer(Behaviour::Trickle(HEAD.into(), "1\r\nx\r\n".into()), async |url, _| {
        let (text, end) = read(&url, 400).await;
        assert!(text.len() > 1, "{text}");
        assert_eq!(end, Err(Interrupted("no whole answer within 400 ms".into())));
        assert!(open(&url, u64::MAX).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_head_that_never_comes_is_not_waited_for() {
    with_peer(Behaviour::SayAndHang(String::new()), async |url, _| {
        let error = open(&url, 200).await.err().unwrap();
        assert_eq!(error, Interrupted("no whole answer within 200 ms".into()));
    })
    .await;
    assert!(matches!(open("ftp://127.0.0.1/", AMPLE_MS).await.err().unwrap(), Connect(_)));
}
