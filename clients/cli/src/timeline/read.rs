//! An event of the stream, as far as a timeline reads it.

use serde_json::Value;

/// Longest content that is shown in a line.
const SHOWN_CHARS: usize = 100;

/// An event.
pub struct Told<'a> {
    /// Position in the workspace.
    pub pos: u64,
    /// When it was recorded, milliseconds since 1970.
    pub at_ms: u64,
    /// Its type.
    pub name: &'a str,
    data: &'a Value,
    content: &'a Value,
}

impl<'a> Told<'a> {
    /// Out of what the stream says.
    pub fn of(view: &'a Value) -> Option<Self> {
        let event = view.get("event")?;
        Some(Self {
            pos: event.get("pos")?.as_u64()?,
            at_ms: event.get("accepted_at")?.as_u64()?,
            name: event.get("type")?.as_str()?,
            data: event.get("data")?,
            content: view.get("content").unwrap_or(&Value::Null),
        })
    }

    /// A text of its data; empty when it is not there.
    pub fn text(&self, name: &str) -> &'a str {
        self.data.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of its data.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.data.get(name)?.as_u64()
    }

    /// Any part of its data.
    pub fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.data.pointer(pointer)
    }

    /// What was said in the content called `name`, unless its key was destroyed.
    pub fn said(&self, name: &str) -> Option<&'a str> {
        self.content.get(name)?.as_str()
    }

    /// The same, as JSON.
    pub fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.said(name)?).ok()
    }
}

/// `text` in one line, and not longer than is read at a glance.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect();
    let line = words.join(" ");
    let shown: String = line.chars().take(SHOWN_CHARS).collect();
    if shown.len() < line.len() { format!("{shown}…") } else { shown }
}

/// A value in one line.
pub fn shown(value: &Value) -> String {
    one_line(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
