//! The tools a model calls, put together from what came of them.

use crate::failure::protocol;
use crate::names;
use ports::provider::{ModelFailure, ToolCall};
use serde_json::Value;

/// Most calls one answer may have: far more than any model asks for, and few enough to look through for every piece.
const CALLS_MAX: usize = 128;

/// Most characters of an answer's name that become part of the name of a call.
const ANSWER_CHARS_MAX: usize = 40;

/// Calls, in the order in which they were begun.
#[derive(Debug, Default)]
pub struct Calls {
    begun: Vec<Begun>,
}

#[derive(Debug)]
struct Begun {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Calls {
    /// Read the calls of a whole message: each is a call of its own.
    pub fn whole(list: Option<&Value>) -> Result<Self, ModelFailure> {
        let mut calls = Self::default();
        for call in listed(list)? {
            calls.begin(&Fragment::read(call)?)?;
        }
        Ok(calls)
    }

    /// Read on in a stream, where a call comes in pieces that tell their place.
    pub fn pieces(&mut self, list: Option<&Value>) -> Result<(), ModelFailure> {
        for piece in listed(list)? {
            let piece = Fragment::read(piece)?;
            match self.continued_by(&piece) {
                Some(call) => call.extend(&piece),
                None => self.begin(&piece)?,
            }
        }
        Ok(())
    }

    /// Whether nothing was called.
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// The calls. One without a name of its own, or with one that is taken, gets one made from the answer's and its place.
    pub fn finish(self, answer: Option<&str>) -> Result<Vec<ToolCall>, ModelFailure> {
        let mut calls: Vec<ToolCall> = Vec::with_capacity(self.begun.len());
        for (place, call) in self.begun.into_iter().enumerate() {
            let name = names::read(&call.name);
            if name.is_empty() {
                return Err(protocol("a call names no tool"));
            }
            let taken = calls.iter().any(|earlier| earlier.id == call.id);
            let id = if call.id.is_empty() || taken { made_up(answer, place) } else { call.id };
            // A tool that takes nothing is called with nothing by some servers.
            let nothing = call.arguments.trim().is_empty();
            let arguments = if nothing { "{}".to_owned() } else { call.arguments };
            calls.push(ToolCall { id, name, arguments });
        }
        Ok(calls)
    }

    fn begin(&mut self, piece: &Fragment<'_>) -> Result<(), ModelFailure> {
        if self.begun.len() == CALLS_MAX {
            return Err(protocol(&format!("the answer has more than {CALLS_MAX} calls")));
        }
        let mut call = Begun { index: piece.index, id: String::new(), name: String::new(), arguments: String::new() };
        call.extend(piece);
        self.begun.push(call);
        Ok(())
    }

    /// The call that `piece` belongs to: the last of its place. Servers that give all calls the same place tell them
    /// apart by beginning each with a name and an id of its own.
    fn continued_by(&mut self, piece: &Fragment<'_>) -> Option<&mut Begun> {
        let call = match piece.index {
            Some(index) => self.begun.iter_mut().rev().find(|call| call.index == Some(index)),
            None => self.begun.last_mut(),
        }?;
        let another = !piece.name.is_empty() && !piece.id.is_empty() && !call.id.is_empty() && piece.id != call.id;
        (!another).then_some(call)
    }
}

impl Begun {
    /// Id and name come once; some servers repeat them with every piece.
    fn extend(&mut self, piece: &Fragment<'_>) {
        if self.id.is_empty() {
            self.id.push_str(piece.id);
        }
        if self.name.is_empty() {
            self.name.push_str(piece.name);
        }
        self.arguments.push_str(&piece.arguments);
    }
}

/// A call, or a piece of one.
struct Fragment<'a> {
    index: Option<u64>,
    id: &'a str,
    name: &'a str,
    arguments: String,
}

impl<'a> Fragment<'a> {
    fn read(value: &'a Value) -> Result<Self, ModelFailure> {
        if !value.is_object() {
            return Err(protocol("a call is not a JSON object"));
        }
        let function = value.get("function").unwrap_or(&Value::Null);
        let arguments = match function.get("arguments") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            // Servers that forget that the dialect wants text here.
            Some(object @ Value::Object(_)) => object.to_string(),
            Some(_) => return Err(protocol("the arguments of a call are not text")),
        };
        let index = match value.get("index") {
            None | Some(Value::Null) => None,
            Some(index) => Some(index.as_u64().ok_or_else(|| protocol("the index of a call is not a whole number"))?),
        };
        Ok(Self { index, id: word(value, "id")?, name: word(function, "name")?, arguments })
    }
}

fn listed(list: Option<&Value>) -> Result<&[Value], ModelFailure> {
    match list {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(calls)) => Ok(calls),
        Some(_) => Err(protocol("tool_calls is not a list")),
    }
}

fn word<'a>(object: &'a Value, field: &str) -> Result<&'a str, ModelFailure> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(protocol(&format!("the {field} of a call is not text"))),
    }
}

fn made_up(answer: Option<&str>, place: usize) -> String {
    let sendable = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    let answer: String = answer.unwrap_or_default().chars().filter(sendable).take(ANSWER_CHARS_MAX).collect();
    if answer.is_empty() { format!("call_{place}") } else { format!("call_{answer}_{place}") }
}
