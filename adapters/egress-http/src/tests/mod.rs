//! The adapter against peers on this machine, each of which behaves in one way.

mod exchanges;
mod names;
mod peer;
mod pool;
mod tls;

use crate::HttpDialler;
use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use ports::Dial;
use ports::egress::{Connection, ConnectionBody, ExchangeError, Peer};
use std::net::SocketAddr;

/// The peer `name` at `address`.
fn peer_named(name: &str, address: SocketAddr, secure: bool) -> Peer {
    Peer { address, name: name.into(), secure }
}

/// A connection in clear to `address`.
async fn connected(address: SocketAddr) -> Box<dyn Connection> {
    HttpDialler::new().unwrap().connect(&peer_named("app.test", address, false)).await.unwrap()
}

/// A response with all of its body.
async fn whole(response: Response<Box<dyn ConnectionBody>>) -> Result<Response<Bytes>, ExchangeError> {
    let (head, mut body) = response.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(piece) = body.chunk().await.map_err(ExchangeError::Interrupted)? {
        assert!(!piece.is_empty(), "no piece is empty");
        bytes.extend_from_slice(&piece);
    }
    Ok(Response::from_parts(head, bytes.freeze()))
}

/// A small POST.
fn question() -> Request<Bytes> {
    Request::post("/path?query").header("host", "app.test").body(Bytes::from_static(b"question")).unwrap()
}

/// The answer to a small POST to `address`.
async fn post(address: SocketAddr) -> Result<Response<Bytes>, ExchangeError> {
    whole(connected(address).await.exchange(question()).await?).await
}
