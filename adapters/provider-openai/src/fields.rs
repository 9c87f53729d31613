//! What whole answers and streams have in common.

use crate::calls::Calls;
use crate::failure::protocol;
use ports::provider::{ModelFailure, ModelResponse, Stop, Usage};
use serde_json::Value;

/// The largest amount that every reader of JSON reads as the same number.
const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// All that a model said.
#[derive(Debug)]
pub struct Said {
    /// What is visible.
    pub text: String,
    /// Whether there is a refusal in it.
    pub refused: bool,
    /// What it asks for.
    pub calls: Calls,
    /// Why it stopped, in its own words.
    pub stop: Stop,
}

impl Said {
    /// The response, under the names the dialect's servers should have given.
    ///
    /// A refusal is an answer that was worked on and is paid for, so it is a response, marked as [`Stop::Filter`]. Calls
    /// are kept only where the model came to their end: one that is cut must not be performed. Some servers say that
    /// all was said when they mean that they wait for tools.
    pub fn response(
        self,
        id: Option<&str>,
        usage: Option<Usage>,
        model: Option<String>,
    ) -> Result<ModelResponse, ModelFailure> {
        let stop = if self.refused { Stop::Filter } else { self.stop };
        let (calls, stop) = match stop {
            Stop::Length | Stop::Filter => (Vec::new(), stop),
            Stop::End if self.calls.is_empty() => (Vec::new(), stop),
            Stop::Tool if self.calls.is_empty() => {
                return Err(protocol("the finish_reason is tool_calls and there are none"));
            }
            Stop::End | Stop::Tool => (self.calls.finish(id)?, Stop::Tool),
        };
        Ok(ModelResponse { text: self.text, calls, stop, usage, model })
    }
}

/// Why the model stopped, `None` while it has not. An unknown reason is not taken for the end: the answer may be cut.
pub fn stop(choice: &Value) -> Result<Option<Stop>, ModelFailure> {
    match choice.get("finish_reason") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(reason)) => match reason.as_str() {
            "stop" => Ok(Some(Stop::End)),
            "length" => Ok(Some(Stop::Length)),
            "content_filter" => Ok(Some(Stop::Filter)),
            "tool_calls" => Ok(Some(Stop::Tool)),
            other => Err(protocol(&format!("the finish_reason {other} is not known"))),
        },
        Some(_) => Err(protocol("the finish_reason is not text")),
    }
}

/// The text in `field`, `None` where it is absent or null.
pub fn text(object: &Value, field: &str) -> Result<Option<String>, ModelFailure> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(protocol(&format!("{field} is not text"))),
    }
}

/// The tokens, when the vendor counted them in a way that can be believed.
///
/// Amounts become money, so a negative, broken, missing or absurd one is not rounded into shape: it is no count at all,
/// and whoever pays must estimate. The answer stands, for it was worked on.
pub fn usage(body: &Value) -> Option<Usage> {
    let usage = body.get("usage")?;
    let amount = |field| usage.get(field).and_then(Value::as_u64).filter(|amount| *amount <= AMOUNT_MAX);
    Some(Usage { input_tokens: amount("prompt_tokens")?, output_tokens: amount("completion_tokens")? })
}
