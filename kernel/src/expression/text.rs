//! Values as texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Formats that may stand in front of a text.
pub const FORMATS: [&str; 6] = ["@text", "@json", "@uri", "@base64", "@html", "@csv"];

/// A value as `tostring` has it: a text stays as it is.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value in a format.
pub fn formatted(format: Option<&str>, value: &Value) -> String {
    let text = plain(value);
    match format {
        Some("@json") => value.to_string(),
        Some("@uri") => text.bytes().map(escaped).collect(),
        Some("@base64") => STANDARD.encode(text),
        Some("@html") => text.chars().map(entity).collect(),
        Some("@csv") => value.as_array().map_or(text, |cells| cells.iter().map(cell).collect::<Vec<_>>().join(",")),
        _ => text,
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

fn entity(c: char) -> String {
    match c {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
