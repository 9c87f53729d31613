//! Answers of functions as the platform sends them.

use crate::headers::platform;
use crate::stream::Chunks;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Response;
use http::response::Parts;
use worker::{Error, ResponseBuilder, Result};

/// An answer that is all there.
pub fn whole(answer: Response<Bytes>) -> worker::Response {
    let (head, body) = answer.into_parts();
    // Some statuses have no body, not even an empty one.
    if body.is_empty() { begun(&head).empty() } else { begun(&head).fixed(body.into()) }
}

/// An answer that comes as a task fills it.
pub fn streamed(head: &Parts, chunks: Chunks) -> Result<worker::Response> {
    begun(head).from_stream(chunks.map(|chunk| Ok::<_, Error>(Vec::from(chunk))))
}

fn begun(head: &Parts) -> ResponseBuilder {
    ResponseBuilder::new().with_status(head.status.as_u16()).with_headers(platform(&head.headers))
}
