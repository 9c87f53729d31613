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

/// Sends one HTTP request and reads the whole response. Follows no redirects; adds no headers but `host` and length.
#[async_trait(?Send)]
pub trait Outbound {
    /// Send `request` within `timeout_ms`; read at most `limit` bytes of body.
    async fn send(
        &self,
        request: http::Request<Bytes>,
        timeout_ms: u64,
        limit: usize,
    ) -> Result<http::Response<Bytes>, OutboundError>;
}
