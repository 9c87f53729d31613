//! A value of a file, to be looked at member by member, with everything that is wrong noted where it stands.

use super::{Finding, Source};
use serde_json::Value;

/// A value of a file.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    source: &'a Source,
    /// The value.
    pub value: &'a Value,
    pointer: String,
}

impl<'a> Place<'a> {
    pub(super) fn root(source: &'a Source) -> Self {
        Self { source, value: &source.value, pointer: String::new() }
    }

    fn below(&self, token: &str, value: &'a Value) -> Self {
        let token = token.replace('~', "~0").replace('/', "~1");
        Self { source: self.source, value, pointer: format!("{}/{token}", self.pointer) }
    }

    /// What stands under `key`.
    pub fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| self.below(key, value))
    }

    /// The members of an object; something else is noted.
    pub fn members(&self, what: &str, findings: &mut Vec<Finding>) -> Vec<(&'a str, Self)> {
        let Some(members) = self.value.as_object() else {
            findings.push(self.not(&format!("an object: {what}")));
            return Vec::new();
        };
        members.iter().map(|(key, value)| (key.as_str(), self.below(key, value))).collect()
    }

    /// The texts of a list; something else is noted.
    pub fn texts(&self, findings: &mut Vec<Finding>) -> Vec<(&'a str, Self)> {
        let Some(items) = self.value.as_array() else {
            findings.push(self.not("a list of texts").hint("begin each with a hyphen, or write [one, two]"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let place = self.below(&index.to_string(), value);
            match value.as_str() {
                Some(text) => texts.push((text, place)),
                None => findings.push(place.not("text")),
            }
        }
        texts
    }

    /// The text under `key`, which may be absent; something else is noted.
    pub fn text(&self, key: &str, findings: &mut Vec<Finding>) -> Option<&'a str> {
        let place = self.get(key)?;
        let text = place.value.as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            findings.push(place.not("text"));
        }
        text
    }

    /// Keys that are not among `known` are noted with the one that was meant.
    pub fn only(&self, what: &str, known: &[&str], findings: &mut Vec<Finding>) {
        for (key, place) in self.members(what, findings) {
            if !known.contains(&key) {
                findings.push(place.unknown(&format!("`{key}` is not a key of {what}"), key, known));
            }
        }
    }

    /// Its key, or it, is none of `known`.
    pub fn unknown(&self, what: &str, word: &str, known: &[&str]) -> Finding {
        let finding = Finding::new(self.source.mark(&self.pointer, true), "unknown_key", what);
        match kernel::workflow::nearest(word, known.iter().copied()) {
            Some(near) => finding.hint(format!("did you mean `{near}`?")),
            None => {
                let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
                finding.hint(format!("known here: {}", known.join(", ")))
            }
        }
    }

    /// It is not of the type it has to be.
    pub fn not(&self, what: &str) -> Finding {
        let is = match self.value {
            Value::Null => "empty".to_owned(),
            Value::String(text) if text.trim().is_empty() => "empty text".to_owned(),
            Value::String(_) => "text".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Number(value) => format!("the number {value}"),
        };
        let name = self.pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        let here = if name.is_empty() { "the file".to_owned() } else { format!("`{name}`") };
        self.wrong("wrong_type", format!("{here} must be {what}, not {is}"))
    }

    /// Something else is wrong with it.
    pub fn wrong(&self, code: &str, what: impl Into<String>) -> Finding {
        Finding::new(self.source.mark(&self.pointer, false), code, what)
    }
}
