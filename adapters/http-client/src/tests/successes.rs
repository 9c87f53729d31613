//! Exchanges that end in an answer.

use super::peer::{Behaviour, answer, with_peer};
use super::{AMPLE_MS, post};
use crate::HttpClient;
use bytes::Bytes;
use http::Request;
use ports::Outbound;
use std::rc::Rc;

#[tokio::test]
async fn a_request_arrives_as_it_is_and_its_answer_comes_back() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::Say(answer("hello")), async |url, seen| {
        let response = post(&client, &url).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-peer"], "yes");
        assert_eq!(response.body(), "hello");

        let host = url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let wanted =
            format!("POST /path?query=1 HTTP/1.1\r\nx-test: 1\r\nhost: {host}\r\ncontent-length: 8\r\n\r\nquestion");
        assert_eq!(*seen.requests.borrow(), [wanted]);
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::Say(answer("hello")), async |url, seen| {
        for _ in 0..5 {
            post(&client, &url).await.unwrap();
        }
        assert_eq!(seen.requests.borrow().len(), 5);
        assert_eq!(seen.connections.get(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_connection_the_peer_closed_is_replaced() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::SayAndClose(answer("hello")), async |url, seen| {
        for _ in 0..3 {
            post(&client, &url).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(seen.connections.get(), 3);
    })
    .await;
}

#[tokio::test]
async fn many_exchanges_at_once_do_not_mix() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::Say(answer("hello")), async |url, _| {
        let (client, url) = (Rc::new(client), Rc::new(url));
        let send = |_| {
            let (client, url) = (Rc::clone(&client), Rc::clone(&url));
            tokio::task::spawn_local(async move { post(&client, &url).await.unwrap().into_body() })
        };
        for exchange in (0..20).map(send).collect::<Vec<_>>() {
            assert_eq!(exchange.await.unwrap(), "hello");
        }
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let client = HttpClient::new().unwrap();
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n";
    with_peer(Behaviour::Say(redirect.into()), async |url, seen| {
        let response = post(&client, &url).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["location"]), (307, &"/other".parse().unwrap()));
        assert_eq!(seen.requests.borrow().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_body_in_chunks_is_put_together() {
    let client = HttpClient::new().unwrap();
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    with_peer(Behaviour::Say(chunks.into()), async |url, _| {
        assert_eq!(post(&client, &url).await.unwrap().body(), "hello");
    })
    .await;
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_read() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::Say(answer(&"x".repeat(1000))), async |url, _| {
        assert_eq!(post(&client, &url).await.unwrap().body().len(), 1000);
    })
    .await;
}

#[tokio::test]
async fn a_request_marked_as_another_version_is_sent_all_the_same() {
    let client = HttpClient::new().unwrap();
    with_peer(Behaviour::Say(answer("hello")), async |url, _| {
        let request = Request::post(url).version(http::Version::HTTP_2).body(Bytes::from_static(b"question")).unwrap();
        assert_eq!(client.send(request, AMPLE_MS, 1000).await.unwrap().body(), "hello");
    })
    .await;
}

#[tokio::test]
async fn no_cryptography_is_installed_for_the_whole_process() {
    HttpClient::new().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
