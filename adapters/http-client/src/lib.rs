//! HTTP/1.1 towards the outside world, on tokio.
//!
//! The client promises little and keeps it: one deadline over the whole exchange, at most so many bytes of answer, no
//! redirects, no proxies, no cookies, no headers of its own. What failed is told apart by whether the peer can have
//! seen anything of it, because that decides whether the caller may simply try again.

mod body;
mod refusal;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ports::{Outbound, OutboundError};
use std::time::Duration;

/// How long an unused connection is kept. Shorter than what common servers keep, so that they rarely hang up first.
const IDLE: Duration = Duration::from_secs(30);
/// Most unused connections that are kept per peer.
const IDLE_CONNECTIONS: usize = 16;

/// A client with its own pool of connections.
///
/// Connections are tasks of the executor they were made on, so a client belongs to one executor: a host with several
/// single-threaded ones has a client on each.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpClient {
    /// A client that trusts the public certificate authorities. Cryptography is chosen here and not taken from a
    /// process-wide default, which nobody would feel responsible for setting.
    pub fn new() -> Result<Self, OutboundError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| OutboundError::Connect(format!("TLS cannot be set up: {error}")))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(connector);
        Ok(Self { client })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, limit: usize) -> Result<Response<Bytes>, OutboundError> {
        let response = self.client.request(request).await.map_err(|error| refusal::of_client(&error))?;
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, body::read(body, limit).await?))
    }
}

#[async_trait(?Send)]
impl Outbound for HttpClient {
    async fn send(
        &self,
        request: Request<Bytes>,
        timeout_ms: u64,
        limit: usize,
    ) -> Result<Response<Bytes>, OutboundError> {
        refusal::check_address(request.uri())?;
        let mut request = request.map(Full::new);
        *request.version_mut() = Version::HTTP_11;
        let connection = capture_connection(&mut request);

        let deadline = Duration::from_millis(timeout_ms);
        let outcome = tokio::time::timeout(deadline, self.exchange(request, limit)).await;
        outcome.unwrap_or_else(|_| {
            let connected = connection.connection_metadata().is_some();
            Err(refusal::of_deadline(timeout_ms, connected))
        })
    }
}
