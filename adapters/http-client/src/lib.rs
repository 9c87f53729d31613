//! HTTP/1.1 towards the outside world, on tokio.
//!
//! The client promises little and keeps it: one deadline over the whole exchange, at most so many bytes of answer, no
//! redirects, no proxies, no cookies, no headers of its own. What failed is told apart by whether the peer can have
//! seen anything of it, because that decides whether the caller may simply try again.

mod body;
mod refusal;
mod stream;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ports::{BodyStream, Outbound, OutboundError};
use std::time::Duration;
use stream::Chunks;
use tokio::time::Instant;

/// How long an unused connection is kept. Shorter than what common servers keep, so that they rarely hang up first.
const IDLE: Duration = Duration::from_secs(30);
/// Longest deadline of a body that is read as it comes: time has an end, and amounts come from outside.
const DEADLINE_MAX_MS: u64 = 24 * 60 * 60 * 1000;
/// Longest silence in a body that is read as it comes.
const SILENCE: Duration = Duration::from_secs(30);
/// Most unused connections that are kept per peer.
const IDLE_CONNECTIONS: usize = 16;

/// A client with its own pool of connections.
///
/// Connections are tasks of the executor they were made on, so a client belongs to one executor: a host with several
/// single-threaded ones has a client on each.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    silence: Duration,
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
        Ok(Self { client, silence: SILENCE })
    }

    /// The same client, which breaks a body off after this `silence`.
    #[must_use]
    pub fn with_silence(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    async fn begin(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, OutboundError> {
        self.client.request(request).await.map_err(|error| refusal::of_client(&error))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, limit: usize) -> Result<Response<Bytes>, OutboundError> {
        let (head, body) = self.begin(request).await?.into_parts();
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
        let (request, connection) = prepared(request)?;
        let outcome = tokio::time::timeout(Duration::from_millis(timeout_ms), self.exchange(request, limit)).await;
        outcome.unwrap_or_else(|_| Err(late(timeout_ms, &connection)))
    }

    async fn open(
        &self,
        request: Request<Bytes>,
        timeout_ms: u64,
    ) -> Result<Response<Box<dyn BodyStream>>, OutboundError> {
        let (request, connection) = prepared(request)?;
        let deadline = Instant::now() + Duration::from_millis(timeout_ms.min(DEADLINE_MAX_MS));
        let outcome = tokio::time::timeout_at(deadline, self.begin(request)).await;
        let response = outcome.unwrap_or_else(|_| Err(late(timeout_ms, &connection)))?;
        let silence = self.silence;
        Ok(response.map(|body| -> Box<dyn BodyStream> { Box::new(Chunks { body, deadline, timeout_ms, silence }) }))
    }
}

/// `request` as it is sent, and what tells whether there was a connection for it.
fn prepared(request: Request<Bytes>) -> Result<(Request<Full<Bytes>>, CaptureConnection), OutboundError> {
    refusal::check_address(request.uri())?;
    let mut request = request.map(Full::new);
    *request.version_mut() = Version::HTTP_11;
    let connection = capture_connection(&mut request);
    Ok((request, connection))
}

fn late(timeout_ms: u64, connection: &CaptureConnection) -> OutboundError {
    refusal::of_deadline(timeout_ms, connection.connection_metadata().is_some())
}
