//! Values of the source together with where they stand, and what every place asks of them.

use super::Parser;
use super::mistake::{Mistake, listed};
use serde_json::{Map, Value};

/// A value of the source.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The value.
    pub value: &'a Value,
    /// JSON pointer to it.
    pub pointer: String,
}

/// What an object at some place may and must have.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What it is, with its article: `a retry policy`.
    pub what: &'static str,
    /// Its keys.
    pub keys: &'static [&'static str],
    /// Those of them that must be there.
    pub required: &'static [&'static str],
    /// Keys of the standard that are not supported, and what they stand for.
    pub unsupported: &'static [(&'static str, &'static str)],
}

impl<'a> Place<'a> {
    /// The whole source.
    pub fn root(value: &'a Value) -> Self {
        Self { value, pointer: String::new() }
    }

    /// What stands under `key`.
    pub fn get(&self, key: &str) -> Option<Self> {
        let value = self.value.as_object()?.get(key)?;
        Some(Self { value, pointer: joined(&self.pointer, key) })
    }

    /// The elements of a list.
    pub fn elements(&self) -> impl Iterator<Item = Self> {
        let elements = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let pointer = self.pointer.clone();
        let place = move |(index, value)| Self { value, pointer: format!("{pointer}/{index}") };
        elements.iter().enumerate().map(place)
    }

    /// The members of an object.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let pointer = self.pointer.clone();
        let members = self.value.as_object().into_iter().flatten();
        members.map(move |(key, value)| (key.as_str(), Self { value, pointer: joined(&pointer, key) }))
    }

    /// The last token of the pointer, as it is written in the source.
    pub fn name(&self) -> String {
        let last = self.pointer.rsplit('/').next().unwrap_or_default();
        last.replace("~1", "/").replace("~0", "~")
    }

    /// A mistake in this value.
    pub fn mistake(&self, code: &'static str, message: impl Into<String>) -> Mistake {
        Mistake::at(&self.pointer, code, message)
    }

    /// A mistake in the key under which this value stands.
    pub fn mistake_in_key(&self, code: &'static str, message: impl Into<String>) -> Mistake {
        Mistake::at_key(&self.pointer, code, message)
    }

    /// Something that the standard has and that is not supported, under the key where this stands.
    pub fn unsupported(&self, message: impl Into<String>) -> Mistake {
        self.mistake_in_key("unsupported_feature", message)
    }

    /// It is not of the type it has to be.
    pub fn not(&self, what: &str) -> Mistake {
        let here = if self.pointer.is_empty() { "the workflow".to_owned() } else { format!("`{}`", self.name()) };
        self.mistake("wrong_type", format!("{here} must be {what}, not {}", described(self.value)))
    }
}

impl<'a> Parser<'a> {
    /// Whether it is an object of that shape: keys that are unknown, missing or not supported are noted.
    pub fn shaped(&mut self, place: &Place<'a>, shape: &Shape) -> bool {
        let Some(object) = place.value.as_object() else {
            let mistake = place.not("an object").hint(format!("keys of {}: {}", shape.what, listed(shape.known())));
            self.mistakes.add(mistake);
            return false;
        };
        for key in object.keys() {
            let pointer = joined(&place.pointer, key);
            if let Some((_, what)) = shape.unsupported.iter().find(|(name, _)| name == key) {
                self.mistakes.add(Mistake::at_key(&pointer, "unsupported_feature", format!("`{key}` {what}")));
            } else if !shape.keys.contains(&key.as_str()) {
                let mistake =
                    Mistake::at_key(&pointer, "unknown_key", format!("`{key}` is not a key of {}", shape.what));
                self.mistakes.add(mistake.instead_of(key, shape.known()));
            }
        }
        self.required(place, object, shape);
        true
    }

    fn required(&mut self, place: &Place<'a>, object: &Map<String, Value>, shape: &Shape) {
        for key in shape.required.iter().filter(|key| !object.contains_key(**key)) {
            let mistake = place.mistake_in_key("missing_key", format!("`{key}` is missing: {} needs it", shape.what));
            self.mistakes.add(mistake);
        }
    }

    /// The text under `key`, which may be absent.
    pub fn text(&mut self, place: &Place<'a>, key: &str) -> Option<&'a str> {
        let place = place.get(key)?;
        let text = place.value.as_str();
        match text {
            None => self.mistakes.add(place.not("text").hint(quoted(place.value))),
            Some(text) if text.trim().is_empty() => {
                self.mistakes.add(place.mistake("empty", format!("`{key}` is empty")));
            }
            Some(_) => {}
        }
        text
    }

    /// One of `words` under `key`, which may be absent; runtime expressions pass.
    pub fn one_of(&mut self, place: &Place<'a>, key: &str, words: &[&'static str]) {
        let (Some(text), Some(place)) = (self.text(place, key), place.get(key)) else { return };
        if !is_expression(text) && !text.trim().is_empty() && !words.contains(&text) {
            let mistake = place.mistake("bad_value", format!("`{text}` is not one of the values of `{key}`"));
            self.mistakes.add(mistake.instead_of(text, words.iter().copied()));
        }
    }

    /// A whole number from `least` on under `key`, which may be absent.
    pub fn count(&mut self, place: &Place<'a>, key: &str, least: u64) -> Option<u64> {
        let place = place.get(key)?;
        let count = place.value.as_u64().filter(|count| *count >= least);
        if count.is_none() {
            self.mistakes.add(place.not(&format!("a whole number from {least} on")));
        }
        count
    }
}

impl Shape {
    fn known(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().copied()
    }
}

/// `pointer` and one more token.
pub fn joined(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Whether the text is a runtime expression, `${ … }`.
pub fn is_expression(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("${") && text.ends_with('}')
}

/// What a value is, in words.
pub fn described(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn quoted(value: &Value) -> String {
    match value {
        Value::Bool(_) | Value::Number(_) => format!("put it in quotes: \"{value}\""),
        _ => "write text".to_owned(),
    }
}
