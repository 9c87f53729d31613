//! A successful answer that comes in events, each of which continues the one before.

use crate::calls::Calls;
use crate::events::{Event, Events};
use crate::failure::{self, failed, protocol};
use crate::fields::{self, Said};
use http::HeaderMap;
use ports::provider::{FailureClass, Live, ModelFailure, ModelResponse, Silent, Stop, Usage};
use serde_json::Value;

/// The data of the event that ends a stream.
const DONE: &[u8] = b"[DONE]";

/// What has come of an answer.
#[derive(Debug)]
pub struct Stream {
    headers: HeaderMap,
    events: Events,
    id: Option<String>,
    model: Option<String>,
    text: String,
    refused: bool,
    calls: Calls,
    stop: Option<Stop>,
    usage: Option<Usage>,
    done: bool,
}

impl Stream {
    /// Nothing yet of the answer with `headers`.
    pub fn new(headers: HeaderMap) -> Self {
        Self {
            headers,
            events: Events::default(),
            id: None,
            model: None,
            text: String::new(),
            refused: false,
            calls: Calls::default(),
            stop: None,
            usage: None,
            done: false,
        }
    }

    /// Read on.
    pub fn feed(&mut self, bytes: &[u8], live: &dyn Live) -> Result<(), ModelFailure> {
        for byte in bytes {
            if self.done {
                break;
            }
            if let Some(event) = self.events.push(*byte) {
                self.take(&event, live)?;
            }
        }
        Ok(())
    }

    /// The outcome. Only the reason to stop says that an answer is whole: servers in between write `[DONE]` even where
    /// the one behind them broke off, and leave it out where it did not.
    pub fn finish(mut self) -> Result<ModelResponse, ModelFailure> {
        if let Some(event) = self.events.finish().filter(|event| !self.done && is_whole(&event.data)) {
            self.take(&event, &Silent)?;
        }
        let Some(stop) = self.stop else {
            let end = if self.done { "it ended without a finish_reason" } else { "it broke off" };
            return Err(failed(FailureClass::Cut, &format!("the answer is not whole: {end}")));
        };
        let said = Said { text: self.text, refused: self.refused, calls: self.calls, stop };
        said.response(self.id.as_deref(), self.usage, self.model)
    }

    fn take(&mut self, event: &Event, live: &dyn Live) -> Result<(), ModelFailure> {
        let data = event.data.trim_ascii();
        if data.is_empty() {
            return Ok(());
        }
        if data == DONE {
            self.done = true;
            return Ok(());
        }
        let chunk: Value =
            serde_json::from_slice(data).map_err(|_| protocol("an event of the answer is not whole JSON"))?;
        if !chunk.is_object() {
            return Err(protocol("an event of the answer is not a JSON object"));
        }
        let error = chunk.get("error").filter(|error| !error.is_null());
        if let Some(error) = error.or_else(|| (event.name == b"error").then_some(&chunk)) {
            return Err(failure::inside_success(&self.headers, error));
        }
        if self.id.is_none() {
            self.id = fields::text(&chunk, "id").unwrap_or_default();
        }
        if self.model.is_none() {
            self.model = fields::text(&chunk, "model")?.filter(|model| !model.is_empty());
        }
        // It stands in an event of its own with no choices, or in every event, counted up.
        if chunk.get("usage").is_some_and(|usage| !usage.is_null()) {
            self.usage = fields::usage(&chunk);
        }
        self.choose(chunk.get("choices"), live)
    }

    /// Only one choice is ever asked for.
    fn choose(&mut self, choices: Option<&Value>, live: &dyn Live) -> Result<(), ModelFailure> {
        let choices = match choices {
            None | Some(Value::Null) => return Ok(()),
            Some(choices) => choices.as_array().ok_or_else(|| protocol("choices is not a list"))?,
        };
        let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        let Some(choice) = choices.iter().find(first) else {
            return Ok(());
        };
        if !choice.is_object() {
            return Err(protocol("the choice is not a JSON object"));
        }
        match choice.get("delta") {
            None | Some(Value::Null) => {}
            Some(delta @ Value::Object(_)) => self.say(delta, live)?,
            Some(_) => return Err(protocol("the delta is not a JSON object")),
        }
        if let Some(stop) = fields::stop(choice)? {
            self.stop = Some(stop);
        }
        Ok(())
    }

    fn say(&mut self, delta: &Value, live: &dyn Live) -> Result<(), ModelFailure> {
        let content = fields::text(delta, "content")?.unwrap_or_default();
        let refusal = fields::text(delta, "refusal")?.unwrap_or_default();
        self.refused |= !refusal.is_empty();
        for text in [content, refusal].iter().filter(|text| !text.is_empty()) {
            self.text.push_str(text);
            live.delta(text);
        }
        self.calls.pieces(delta.get("tool_calls"))
    }
}

/// Whether the last event, which the peer did not end, has all its data.
fn is_whole(data: &[u8]) -> bool {
    data.trim_ascii() == DONE || serde_json::from_slice::<Value>(data).is_ok()
}
