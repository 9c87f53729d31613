//! An answer that comes in pieces.

use crate::{answer, failure};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, response::Parts};
use ports::Decoder;
use ports::provider::{Live, ModelFailure, ModelResponse};

/// Reads the answer to one question.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: BytesMut,
}

impl Answer {
    /// The reader of the answer that begins with `head`.
    pub fn of(head: &Parts) -> Self {
        Self { status: head.status, headers: head.headers.clone(), body: BytesMut::new() }
    }
}

impl Decoder for Answer {
    fn feed(&mut self, bytes: &[u8], _: &dyn Live) -> Result<(), ModelFailure> {
        self.body.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<ModelResponse, ModelFailure> {
        let mut response: Response<Bytes> = Response::new(self.body.freeze());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if !response.status().is_success() {
            return Err(failure::of_status(&response));
        }
        answer::decode(&response)
    }
}
