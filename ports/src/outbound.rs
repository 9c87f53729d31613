//! HTTP towards the outside world.

use async_trait::async_trait;
use bytes::Bytes;

/// Why an outbound request has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboundError {
    /// The connection could not be made; nothing was sent.
    Connect(String),
    /// The exchange broke or took too long after something was sent: the peer may have acted on it.
    Interrupted(String),
    /// The response is larger than allowed.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl std::fmt::Display for OutboundError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "could not connect: {why}"),
            Self::Interrupted(why) => write!(f, "the exchange broke: {why}"),
            Self::TooLarge { limit } => write!(f, "the response is larger than {limit} bytes"),
        }
    }
}

impl std::error::Error for OutboundError {}

/// A body that is read as it comes. It is let go by dropping it, which ends the exchange.
#[async_trait(?Send)]
pub trait BodyStream {
    /// The next piece, never empty; `None` after the last. After an error there is no more to read.
    async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError>;
}

/// Sends one HTTP request and reads its response. Follows no redirects; adds no headers but `host` and length.
#[async_trait(?Send)]
pub trait Outbound {
    /// Send `request` and read the whole response within `timeout_ms`; read at most `limit` bytes of body.
    async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout_ms: u64,
        limit: usize,
    ) -> Result<http::Response<Bytes>, OutboundError>;

    /// Send `request` and wait for the head of its response. `timeout_ms` holds for the whole exchange, up to the last
    /// byte of the body; a body that is silent for long is broken off before.
    async fn open(
        &self,
        request: http::Request<Bytes>,
        timeout_ms: u64,
    ) -> Result<http::Response<Box<dyn BodyStream>>, OutboundError>;
}
