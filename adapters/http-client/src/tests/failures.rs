//! Exchanges that end otherwise: what the peer can have seen decides what they are called.

use super::peer::{Behaviour, answer, with_peer};
use super::{post, post_within};
use crate::HttpClient;
use ports::OutboundError::{self, Connect, Interrupted, TooLarge};
use std::time::{Duration, Instant};

/// How an exchange with a peer ends, within 300 ms.
async fn ending(behaviour: Behaviour) -> OutboundError {
    let client = HttpClient::new().unwrap();
    with_peer(behaviour, async |url, _| post_within(&client, &url, 300).await.expect_err("no answer")).await
}

#[tokio::test]
async fn a_peer_that_is_not_there_has_seen_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = post(&HttpClient::new().unwrap(), &url).await.unwrap_err();
    assert!(matches!(&error, Connect(why) if why.contains("refused")), "{error}");
}

#[tokio::test]
async fn an_address_that_is_not_of_http_is_not_called() {
    for url in ["/path", "ftp://127.0.0.1/", "127.0.0.1:80", "ws://127.0.0.1/"] {
        let error = post(&HttpClient::new().unwrap(), url).await.unwrap_err();
        assert!(matches!(error, Connect(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_has_seen_nothing() {
    let client = HttpClient::new().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let plain = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer("hello").as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let error = tokio::select! { outcome = post(&client, &url) => outcome.unwrap_err(), () = plain => unreachable!() };
    assert!(matches!(error, Connect(_)), "{error}");
}

#[tokio::test]
async fn a_peer_that_never_finishes_the_handshake_has_seen_nothing() {
    let client = HttpClient::new().unwrap();
    // The kernel accepts for the listener, so there is a TCP connection on which nobody ever answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let error = post_within(&client, &url, 200).await.unwrap_err();
    assert_eq!(error, Connect("no connection within 200 ms".into()));
}

#[tokio::test]
async fn a_peer_that_is_silent_may_have_acted() {
    let error = ending(Behaviour::SayAndHang(String::new())).await;
    assert_eq!(error, Interrupted("no whole answer within 300 ms".into()));
}

#[tokio::test]
async fn the_deadline_covers_a_body_that_never_ends() {
    let began = Instant::now();
    let half = Behaviour::SayAndHang("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel".into());
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let trickle = Behaviour::Trickle(head.into(), "1\r\nx\r\n".into());
    for behaviour in [half, trickle] {
        assert_eq!(ending(behaviour).await, Interrupted("no whole answer within 300 ms".into()));
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_peer_that_hangs_up_may_have_acted() {
    let cut = [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ];
    for said in cut {
        let error = ending(Behaviour::SayAndClose(said.into())).await;
        assert!(matches!(error, Interrupted(_)), "{said:?}: {error}");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http_may_have_acted() {
    for said in ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n"] {
        let error = ending(Behaviour::SayAndHang(said.into())).await;
        assert!(matches!(error, Interrupted(_)), "{said:?}: {error}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let announced = answer(&"x".repeat(1001));
    let chunk = format!("{:x}\r\n{}\r\n", 600, "x".repeat(600));
    let chunks = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}");
    let until_close = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001));
    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551613\r\n\r\n".to_owned();
    for said in [announced, chunks, until_close, huge] {
        assert_eq!(ending(Behaviour::SayAndHang(said)).await, TooLarge { limit: 1000 });
    }
}

#[tokio::test]
async fn after_a_failure_the_client_still_works() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::SayAndHang(String::new()), async |url, _| post_within(&client, &url, 100).await.unwrap_err())
        .await;
    with_peer(Behaviour::Say(answer("hello")), async |url, _| {
        assert_eq!(post(&client, &url).await.unwrap().body(), "hello");
    })
    .await;
}
