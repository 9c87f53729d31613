//! A successful answer, checked field by field.

use crate::failure::{self, protocol};
use bytes::Bytes;
use http::Response;
use ports::provider::{ModelFailure, ModelResponse, Stop, Usage};
use serde_json::Value;

/// The largest amount that every reader of JSON reads as the same number.
const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// The outcome in a response whose status says success.
pub fn decode(response: &Response<Bytes>) -> Result<ModelResponse, ModelFailure> {
    let body: Value = serde_json::from_slice(response.body())
        .map_err(|error| protocol(&format!("the answer is not whole JSON (line {})", error.line())))?;
    if !body.is_object() {
        return Err(protocol("the answer is not a JSON object"));
    }
    // Routers in between answer 200 and put the failure of the server behind them inside.
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        return Err(failure::inside_success(response.headers(), error));
    }
    let choice = body.get("choices").and_then(|choices| choices.get(0));
    let choice = choice.ok_or_else(|| protocol("the answer has no choices"))?;
    let (text, stop) = said(choice)?;
    Ok(ModelResponse { text, calls: Vec::new(), stop, usage: usage(&body)?, model: model(&body)? })
}

/// What the model said and why it stopped.
///
/// A refusal is an answer that was worked on and is paid for, so it is a response, marked as [`Stop::Filter`].
fn said(choice: &Value) -> Result<(String, Stop), ModelFailure> {
    let message = choice.get("message").ok_or_else(|| protocol("the choice has no message"))?;
    let stop = stop(choice.get("finish_reason"))?;
    if let Some(refusal) = text(message, "refusal")?.filter(|refusal| !refusal.is_empty()) {
        return Ok((refusal, Stop::Filter));
    }
    match text(message, "content")? {
        Some(content) => Ok((content, stop)),
        // Cut or withheld before the first visible word.
        None if stop != Stop::End => Ok((String::new(), stop)),
        None => Err(protocol("the message has no content")),
    }
}

/// An unknown reason is not taken for the end: the answer may be cut, or may be a call of a tool nobody offered.
fn stop(reason: Option<&Value>) -> Result<Stop, ModelFailure> {
    match reason.and_then(Value::as_str) {
        Some("stop") => Ok(Stop::End),
        Some("length") => Ok(Stop::Length),
        Some("content_filter") => Ok(Stop::Filter),
        Some(other) => Err(protocol(&format!("the finish_reason {other} is not known"))),
        None => Err(protocol("the choice has no finish_reason")),
    }
}

/// The text in `field`, `None` where it is absent or null.
fn text(object: &Value, field: &str) -> Result<Option<String>, ModelFailure> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(protocol(&format!("{field} is not text"))),
    }
}

fn model(body: &Value) -> Result<Option<String>, ModelFailure> {
    text(body, "model")
}

fn usage(body: &Value) -> Result<Option<Usage>, ModelFailure> {
    let Some(usage) = body.get("usage").filter(|usage| !usage.is_null()) else {
        return Ok(None);
    };
    let input_tokens = amount(usage, "prompt_tokens")?;
    let output_tokens = amount(usage, "completion_tokens")?;
    Ok(Some(Usage { input_tokens, output_tokens }))
}

/// Amounts become money, so a negative, broken, missing or absurd one is refused and not rounded into shape.
fn amount(usage: &Value, field: &str) -> Result<u64, ModelFailure> {
    let amount = usage.get(field).and_then(Value::as_u64).filter(|amount| *amount <= AMOUNT_MAX);
    amount.ok_or_else(|| protocol(&format!("usage.{field} is not a whole number from 0 to 2^53-1")))
}
