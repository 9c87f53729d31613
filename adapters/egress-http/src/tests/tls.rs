//! Who a peer must prove to be. The certificate and the key beside this file are of `good.test` and 127.0.0.1, and of
//! use for nothing else.

use super::peer::read_request;
use super::{peer_named, whole};
use crate::HttpDialler;
use bytes::Bytes;
use http::Request;
use ports::Dial;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const CERTIFICATE: &[u8] = include_bytes!("good.test.der");
const KEY: &[u8] = include_bytes!("good.test.key.der");

fn acceptor() -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let config = config.with_no_client_auth().with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Run `test` with the address of a peer that speaks TLS; the names and the requests that came.
async fn with_tls_peer<T>(test: impl AsyncFnOnce(SocketAddr) -> T) -> (T, Vec<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut seen = Vec::new();
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor().accept(stream).await else { continue };
            let name = stream.get_ref().1.server_name().unwrap_or("none").to_owned();
            if let Some(request) = read_request(&mut stream).await {
                seen.push((name, request));
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
            }
        }
    };
    let outcome = tokio::select! { outcome = test(address) => outcome, () = serving => unreachable!() };
    (outcome, seen)
}

fn trusting_the_peer() -> HttpDialler {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(CERTIFICATE)).unwrap();
    HttpDialler::trusting(roots).unwrap()
}

/// What a GET by `dialler` to the peer under `name` comes to.
async fn get(dialler: HttpDialler, name: &str) -> (Result<Bytes, String>, Vec<(String, String)>) {
    with_tls_peer(async |address| {
        let connection = dialler.connect(&peer_named(name, address, true)).await?;
        let request = Request::get("/").header("host", name).body(Bytes::new()).unwrap();
        let response = connection.exchange(request).await.map_err(|error| format!("{error:?}"))?;
        Ok(whole(response).await.map_err(|error| format!("{error:?}"))?.into_body())
    })
    .await
}

#[tokio::test]
async fn the_name_is_asked_for_and_proven_at_the_address_that_was_given() {
    let (outcome, seen) = get(trusting_the_peer(), "good.test").await;
    assert_eq!(outcome.unwrap(), "hello");
    let [(name, request)] = seen.as_slice() else { panic!("one request") };
    assert_eq!(name, "good.test");
    assert!(request.starts_with("GET / HTTP/1.1\r\nhost: good.test\r\n"), "{request}");

    let (outcome, seen) = get(trusting_the_peer(), "127.0.0.1").await;
    assert_eq!(outcome.unwrap(), "hello");
    assert_eq!(seen[0].0, "none", "an address is no name to ask for");
}

#[tokio::test]
async fn a_peer_that_is_somebody_else_or_whom_nobody_trusts_is_sent_nothing() {
    for (dialler, name) in [
        (trusting_the_peer(), "other.test"),
        (trusting_the_peer(), "sub.good.test"),
        (trusting_the_peer(), "127.0.0.2"),
        (HttpDialler::new().unwrap(), "good.test"),
    ] {
        let (outcome, seen) = get(dialler, name).await;
        let why = outcome.unwrap_err();
        assert!(why.contains("certificate"), "{name}: {why}");
        assert!(seen.is_empty(), "{name}: nothing was sent");
    }
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = peer_named("good.test", listener.local_addr().unwrap(), true);
    let plain = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    };
    let dialler = trusting_the_peer();
    let outcome = tokio::select! { outcome = dialler.connect(&peer) => outcome, () = plain => unreachable!() };
    assert!(outcome.is_err());
}

#[tokio::test]
async fn no_cryptography_is_installed_for_the_whole_process() {
    HttpDialler::new().unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
