//! Lines of an answer that comes in pieces.

use bytes::{Bytes, BytesMut};
use ports::provider::{FailureClass, ModelFailure};

/// Longest line: more than the longest answer that a router reads of a provider, written as JSON.
pub const LINE_BYTES_MAX: usize = 32 << 20;

/// What came and was not read yet.
#[derive(Default)]
pub struct Lines {
    waiting: BytesMut,
    /// How far it was looked through.
    seen: usize,
}

impl Lines {
    /// Take a piece, cut anywhere.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), ModelFailure> {
        if self.waiting.len() + piece.len() > LINE_BYTES_MAX {
            let detail = format!("the router said a line of more than {LINE_BYTES_MAX} bytes");
            return Err(ModelFailure { class: FailureClass::Protocol, detail, retry_after_ms: None, retriable: false });
        }
        self.waiting.extend_from_slice(piece);
        Ok(())
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> Option<Bytes> {
        let end = self.waiting.iter().skip(self.seen).position(|byte| *byte == b'\n');
        let Some(end) = end.map(|end| self.seen + end) else {
            self.seen = self.waiting.len();
            return None;
        };
        self.seen = 0;
        let mut line = self.waiting.split_to(end + 1);
        line.truncate(end);
        Some(line.freeze())
    }
}
