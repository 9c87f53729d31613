//! Which kind of answer comes is known from its head and its first byte.

use crate::stream::Stream;
use crate::{answer, failure};
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use ports::Decoder;
use ports::provider::{Live, ModelFailure, ModelResponse};

/// Reads the answer to one question.
#[derive(Debug)]
pub enum Answer {
    /// A stream is announced and nothing has come of it: some servers announce one and send a whole answer.
    Announced(HeaderMap),
    /// Events.
    Stream(Box<Stream>),
    /// One piece, which is read in the end.
    Whole(StatusCode, HeaderMap, Vec<u8>),
}

impl Answer {
    /// The reader of the answer that begins with `head`.
    pub fn of(head: &Parts) -> Self {
        if head.status.is_success() && is_stream(&head.headers) {
            return Self::Announced(head.headers.clone());
        }
        Self::Whole(head.status, head.headers.clone(), Vec::new())
    }
}

impl Decoder for Answer {
    fn feed(&mut self, bytes: &[u8], live: &dyn Live) -> Result<(), ModelFailure> {
        if let Self::Announced(headers) = self {
            *self = match bytes.trim_ascii_start().first() {
                None => return Ok(()),
                Some(b'{') => Self::Whole(StatusCode::OK, std::mem::take(headers), Vec::new()),
                Some(_) => Self::Stream(Box::new(Stream::new(std::mem::take(headers)))),
            };
        }
        match self {
            Self::Stream(stream) => stream.feed(bytes, live),
            Self::Whole(_, _, body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            Self::Announced(_) => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<ModelResponse, ModelFailure> {
        match *self {
            Self::Announced(headers) => Stream::new(headers).finish(),
            Self::Stream(stream) => stream.finish(),
            Self::Whole(status, headers, body) if status.is_success() => answer::decode(&headers, &body),
            Self::Whole(status, headers, body) => Err(failure::of_status(status, &headers, &body)),
        }
    }
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}
