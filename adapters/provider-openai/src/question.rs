//! The request, as the dialect wants it.

use crate::failure::{failed, invalid};
use crate::{endpoint, names};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request};
use ports::provider::{FailureClass, Message, ModelFailure, ModelRequest, Speaker, Tool, ToolCall};
use serde::Serialize;
use serde_json::Value;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const STREAM_OR_JSON: HeaderValue = HeaderValue::from_static("text/event-stream, application/json");

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Offered<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    stream: bool,
    stream_options: StreamOptions,
}

/// Without being asked, servers do not count what they stream.
#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Said<'a> {
    System {
        content: &'a str,
    },
    User {
        content: &'a str,
    },
    Assistant {
        /// Null where there are only calls.
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Called<'a>>,
    },
    Tool {
        tool_call_id: &'a str,
        content: &'a str,
    },
}

#[derive(Serialize)]
struct Called<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: String,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Offered<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: OfferedFunction<'a>,
}

#[derive(Serialize)]
struct OfferedFunction<'a> {
    name: String,
    description: &'a str,
    parameters: &'a Value,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    json_schema: Schema<'a>,
}

/// Not strict: that allows only a part of JSON Schema, and the answer is checked by whoever asked.
#[derive(Serialize)]
struct Schema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a Value,
}

/// The HTTP request for `request`.
pub fn encode(
    base_url: &str,
    key: Option<&str>,
    idempotency_key: &str,
    request: &ModelRequest,
) -> Result<Request<Bytes>, ModelFailure> {
    let body = serde_json::to_vec(&body(request)?)
        .map_err(|error| invalid(&format!("the request has no JSON form: {error}")))?;
    let mut encoded = Request::new(Bytes::from(body));
    *encoded.method_mut() = Method::POST;
    *encoded.uri_mut() = endpoint::chat_completions(base_url)?;
    let headers = encoded.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ACCEPT, STREAM_OR_JSON);
    headers.insert(IDEMPOTENCY_KEY, idempotency(idempotency_key)?);
    if let Some(key) = key {
        headers.insert(AUTHORIZATION, bearer(key)?);
    }
    Ok(encoded)
}

fn body(request: &ModelRequest) -> Result<Body<'_>, ModelFailure> {
    let schema = request.schema.as_ref().map(|schema| Schema { name: "answer", strict: false, schema });
    Ok(Body {
        model: &request.model,
        messages: request.messages.iter().map(said).collect::<Result<_, _>>()?,
        tools: request.tools.iter().map(offered).collect::<Result<_, _>>()?,
        max_completion_tokens: request.max_tokens,
        response_format: schema.map(|json_schema| Format { kind: "json_schema", json_schema }),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
    })
}

fn said(message: &Message) -> Result<Said<'_>, ModelFailure> {
    let content = message.text.as_str();
    Ok(match message.speaker {
        Speaker::System => Said::System { content },
        Speaker::User => Said::User { content },
        Speaker::Assistant => {
            let tool_calls = message.calls.iter().map(called).collect::<Result<Vec<_>, _>>()?;
            let only_calls = content.is_empty() && !tool_calls.is_empty();
            Said::Assistant { content: (!only_calls).then_some(content), tool_calls }
        }
        Speaker::Tool => {
            let call = message.call_id.as_deref().ok_or_else(|| invalid("a tool's message names no call"))?;
            Said::Tool { tool_call_id: call, content }
        }
    })
}

fn called(call: &ToolCall) -> Result<Called<'_>, ModelFailure> {
    let function = CalledFunction { name: names::spell(&call.name)?, arguments: &call.arguments };
    Ok(Called { id: &call.id, kind: "function", function })
}

fn offered(tool: &Tool) -> Result<Offered<'_>, ModelFailure> {
    let name = names::spell(&tool.name)?;
    let function = OfferedFunction { name, description: &tool.description, parameters: &tool.parameters };
    Ok(Offered { kind: "function", function })
}

/// An empty or unsendable idempotency key is refused: without it a repeated call would be paid for twice.
fn idempotency(key: &str) -> Result<HeaderValue, ModelFailure> {
    sendable(key, key).ok_or_else(|| invalid("the idempotency key is empty or holds characters no header can carry"))
}

/// The key as credential. A key with a line end, as files and pastes have them, is named as such and never shown.
pub fn bearer(key: &str) -> Result<HeaderValue, ModelFailure> {
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
