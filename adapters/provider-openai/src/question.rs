//! The request, as the dialect wants it.

use crate::endpoint;
use crate::failure::{failed, invalid};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request};
use ports::provider::{FailureClass, Message, ModelFailure, ModelRequest, Speaker};
use serde::Serialize;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    /// Said aloud, because some servers of this dialect stream unless told not to.
    stream: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

/// The HTTP request for `request`.
pub fn encode(
    base_url: &str,
    key: Option<&str>,
    idempotency_key: &str,
    request: &ModelRequest,
) -> Result<Request<Bytes>, ModelFailure> {
    let body = Body {
        model: &request.model,
        messages: request.messages.iter().map(said).collect(),
        max_completion_tokens: request.max_tokens,
        stream: false,
    };
    let body = serde_json::to_vec(&body).map_err(|error| invalid(&format!("the request has no JSON form: {error}")))?;

    let mut encoded = Request::new(Bytes::from(body));
    *encoded.method_mut() = Method::POST;
    *encoded.uri_mut() = endpoint::chat_completions(base_url)?;
    let headers = encoded.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ACCEPT, JSON);
    headers.insert(IDEMPOTENCY_KEY, idempotency(idempotency_key)?);
    if let Some(key) = key {
        headers.insert(AUTHORIZATION, bearer(key)?);
    }
    Ok(encoded)
}

fn said(message: &Message) -> Said<'_> {
    let role = match message.speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
        Speaker::Tool => "tool",
    };
    Said { role, content: &message.text }
}

/// An empty or unsendable idempotency key is refused: without it a repeated call would be paid for twice.
fn idempotency(key: &str) -> Result<HeaderValue, ModelFailure> {
    sendable(key, key).ok_or_else(|| invalid("the idempotency key is empty or holds characters no header can carry"))
}

/// The key as credential. A key with a line end, as files and pastes have them, is named as such and never shown.
fn bearer(key: &str) -> Result<HeaderValue, ModelFailure> {
    let mut value = sendable(key, &format!("Bearer {key}"))
        .ok_or_else(|| failed(FailureClass::Auth, "the key is empty or holds characters no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// `value` as header, when `token` in it is one word of visible ASCII: anything else is read differently by someone.
fn sendable(token: &str, value: &str) -> Option<HeaderValue> {
    let one_word = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    one_word.then(|| HeaderValue::from_str(value).ok()).flatten()
}
