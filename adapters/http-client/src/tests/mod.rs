//! The client against peers on this machine, each of which behaves in one way.

mod failures;
mod peer;
mod streams;
mod successes;

use crate::HttpClient;
use bytes::Bytes;
use http::{Request, Response};
use ports::{Outbound, OutboundError};

/// Longer than any exchange here takes, even on a busy machine.
const AMPLE_MS: u64 = 20_000;

/// Send a small POST to `url`, with an ample deadline and a limit of 1000 bytes.
async fn post(client: &HttpClient, url: &str) -> Result<Response<Bytes>, OutboundError> {
    post_within(client, url, AMPLE_MS).await
}

/// Send a small POST to `url` within `timeout_ms`.
async fn post_within(client: &HttpClient, url: &str, timeout_ms: u64) -> Result<Response<Bytes>, OutboundError> {
    let request = Request::post(url).header("x-test", "1").body(Bytes::from_static(b"question")).unwrap();
    client.send(request, timeout_ms, 1000).await
}
