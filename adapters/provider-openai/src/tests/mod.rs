//! The codec as its callers see it.

mod answers;
mod failures;
mod questions;
mod waits;

use bytes::Bytes;
use http::Response;
use ports::provider::{FailureClass, Message, ModelFailure, ModelRequest, ModelResponse, Speaker};

/// A request as a workflow makes it.
fn request() -> ModelRequest {
    let message = |speaker, text: &str| Message { speaker, text: text.into() };
    ModelRequest {
        model: "gpt-test".into(),
        messages: vec![message(Speaker::System, "be brief"), message(Speaker::User, "hi \"you\"")],
        max_tokens: Some(64),
    }
}

/// A response with `headers`.
fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let builder = headers.iter().fold(Response::builder().status(status), |b, (name, value)| b.header(*name, *value));
    builder.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

/// What the codec makes of an answer.
fn decode(status: u16, body: &str) -> Result<ModelResponse, ModelFailure> {
    ports::Codec::decode(&crate::ChatCompletions, &response(status, &[], body))
}

/// The class of the failure that the codec makes of an answer.
fn class(status: u16, body: &str) -> FailureClass {
    decode(status, body).expect_err(body).class
}
