//! A successful answer in one piece, checked field by field.

use crate::calls::Calls;
use crate::failure::{self, protocol};
use crate::fields::{self, Said};
use http::HeaderMap;
use ports::provider::{ModelFailure, ModelResponse, Stop};
use serde_json::Value;

/// The outcome in the whole `body` of a response whose status says success.
pub fn decode(headers: &HeaderMap, body: &[u8]) -> Result<ModelResponse, ModelFailure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| protocol(&format!("the answer is not whole JSON (line {})", error.line())))?;
    if !body.is_object() {
        return Err(protocol("the answer is not a JSON object"));
    }
    // Routers in between answer 200 and put the failure of the server behind them inside.
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        return Err(failure::inside_success(headers, error));
    }
    let choice = body.get("choices").and_then(|choices| choices.get(0));
    let choice = choice.ok_or_else(|| protocol("the answer has no choices"))?;
    let id = fields::text(&body, "id").unwrap_or_default();
    said(choice)?.response(id.as_deref(), fields::usage(&body), fields::text(&body, "model")?)
}

/// What the model said and why it stopped.
fn said(choice: &Value) -> Result<Said, ModelFailure> {
    let message = choice.get("message").ok_or_else(|| protocol("the choice has no message"))?;
    let stop = fields::stop(choice)?.ok_or_else(|| protocol("the choice has no finish_reason"))?;
    let calls = Calls::whole(message.get("tool_calls"))?;
    if let Some(refusal) = fields::text(message, "refusal")?.filter(|refusal| !refusal.is_empty()) {
        return Ok(Said { text: refusal, refused: true, calls, stop });
    }
    let text = match fields::text(message, "content")? {
        Some(content) => content,
        // Cut or withheld before the first visible word, or nothing but calls.
        None if stop != Stop::End || !calls.is_empty() => String::new(),
        None => return Err(protocol("the message has no content")),
    };
    Ok(Said { text, refused: false, calls, stop })
}
