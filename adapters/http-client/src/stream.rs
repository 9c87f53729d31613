//! A body that is read as it comes.

use crate::refusal;
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ports::OutboundError;
use ports::outbound::BodyStream;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A body with the deadline of its exchange.
pub struct Chunks {
    /// What comes.
    pub body: Incoming,
    /// When the exchange must be over.
    pub deadline: Instant,
    /// How long the exchange may take, for whoever is told that it took longer.
    pub timeout_ms: u64,
    /// Longest silence between two chunks.
    pub silence: Duration,
}

#[async_trait(?Send)]
impl BodyStream for Chunks {
    async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        // Trailers are not of the body; they do not make the silence longer either.
        let quiet_until = Instant::now().checked_add(self.silence).unwrap_or(self.deadline);
        loop {
            let frame = timeout_at(self.deadline.min(quiet_until), self.body.frame()).await;
            let frame = frame.map_err(|_| match Instant::now() >= self.deadline {
                true => refusal::of_deadline(self.timeout_ms, true),
                false => refusal::of_silence(self.silence),
            })?;
            let Some(frame) = frame else { return Ok(None) };
            let data = frame.map_err(|error| refusal::of_body(&error))?.into_data();
            if let Some(data) = data.ok().filter(|data| !data.is_empty()) {
                return Ok(Some(data));
            }
        }
    }
}
