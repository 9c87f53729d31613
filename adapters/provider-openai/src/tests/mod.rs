//! The codec as its callers see it.

mod answers;
mod failures;
mod models;
mod questions;
mod streams;
mod tools;
mod waits;

use bytes::Bytes;
use http::Response;
use ports::Codec as _;
use ports::provider::{FailureClass, Message, ModelFailure, ModelRequest, ModelResponse, Silent, Speaker};

/// A request as a workflow makes it.
fn request() -> ModelRequest {
    let message = |speaker, text: &str| Message { speaker, text: text.into(), calls: Vec::new(), call_id: None };
    ModelRequest {
        model: "gpt-test".into(),
        messages: vec![message(Speaker::System, "be brief"), message(Speaker::User, "hi \"you\"")],
        tools: Vec::new(),
        max_tokens: Some(64),
        schema: None,
    }
}

/// A response with `headers`.
fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let builder = headers.iter().fold(Response::builder().status(status), |b, (name, value)| b.header(*name, *value));
    builder.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

/// What the codec makes of an answer.
fn decode(status: u16, body: &str) -> Result<ModelResponse, ModelFailure> {
    decode_response(&response(status, &[], body))
}

/// What the codec makes of a response, read in one piece.
fn decode_response(response: &Response<Bytes>) -> Result<ModelResponse, ModelFailure> {
    let (head, body) = response.clone().into_parts();
    let mut decoder = crate::ChatCompletions.decoder(&head);
    decoder.feed(&body, &Silent)?;
    decoder.finish()
}

/// The class of the failure that the codec makes of an answer.
fn class(status: u16, body: &str) -> FailureClass {
    decode(status, body).expect_err(body).class
}
