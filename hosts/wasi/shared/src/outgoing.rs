//! Answers of functions as the host sends them.

use crate::ambient::Wasi;
use crate::fetch::fields;
use crate::io::Outgoing;
use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _};
use http::Response;
use http::header::CONTENT_LENGTH;
use http::response::Parts;
use ports::Timer as _;
use std::pin::pin;
use wasi::http::types::{Fields, OutgoingResponse, ResponseOutparam};

/// Send an answer that is all there. What is done afterwards keeps nobody waiting.
pub async fn whole(out: ResponseOutparam, answer: Response<Bytes>) {
    let (mut head, body) = answer.into_parts();
    head.headers.insert(CONTENT_LENGTH, body.len().into());
    let Some(mut sink) = begin(out, &head) else { return };
    // A client that went reads its answer when it asks again.
    if sink.write(&body).await.is_ok() {
        let _ = sink.end();
    }
}

/// Send an answer as it comes, for `ms` milliseconds at most: then it ends, as it would if the connection broke, and whoever
/// listens comes back. Chunks are dropped when nobody listens any more.
pub async fn streamed(out: ResponseOutparam, head: &Parts, chunks: impl Stream<Item = Bytes>, ms: u64) {
    let Some(mut sink) = begin(out, head) else { return };
    let sending = async {
        let mut chunks = pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            if sink.write(&chunk).await.is_err() {
                return;
            }
        }
    };
    if let Either::Left(_) = select(pin!(sending), pin!(Wasi.sleep(ms))).await {}
    let _ = sink.end();
}

/// Send the head, and give the way to write the body.
fn begin(out: ResponseOutparam, head: &Parts) -> Option<Outgoing> {
    // Headers that functions write are such that a host takes them; an answer without them says the same.
    let response = OutgoingResponse::new(fields(&head.headers).unwrap_or_else(|_| Fields::new()));
    let _ = response.set_status_code(head.status.as_u16());
    let body = response.body().ok();
    ResponseOutparam::set(out, Ok(response));
    body.and_then(|body| Outgoing::of(body).ok())
}
