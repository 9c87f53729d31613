//! The adapter against peers on this machine, each of which behaves in one way.

mod exchanges;
mod names;
mod peer;
mod tls;

use crate::HttpDialler;
use bytes::Bytes;
use http::{Request, Response};
use ports::Dial;
use ports::egress::{Connection, ExchangeError, Peer};
use std::net::SocketAddr;

/// The peer `name` at `address`.
fn peer_named(name: &str, address: SocketAddr, secure: bool) -> Peer {
    Peer { address, name: name.into(), secure }
}

/// A connection in clear to `address`.
async fn connected(address: SocketAddr) -> Box<dyn Connection> {
    HttpDialler::new().unwrap().connect(&peer_named("app.test", address, false)).await.unwrap()
}

/// A small POST to `address`, of whose answer a thousand bytes are read.
async fn post(address: SocketAddr) -> Result<Response<Bytes>, ExchangeError> {
    let request = Request::post("/path?query").header("host", "app.test").body(Bytes::from_static(b"question"));
    connected(address).await.exchange(request.unwrap(), 1000).await
}
