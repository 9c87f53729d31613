//! A batch as the trigger reads it: one list for events, one for rows.

use kernel::storage::{Address, Row, StoredEvent, Write};
use ports::store::shared::Answer;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

/// Events as JSON.
pub(crate) fn events(events: &[StoredEvent]) -> serde_json::Result<String> {
    let event = |event: &StoredEvent| {
        let StoredEvent { pos, stream, seq, body, hash, sealed } = event;
        serde_json::to_value((pos, stream, seq, Bytes(body), hex(hash), hex(sealed)))
    };
    list(events.iter().map(event))
}

/// Writes as JSON.
pub(crate) fn writes(writes: &[(Address, Write)]) -> serde_json::Result<String> {
    let full = |what: &str, at: &Address, row: &Row| {
        serde_json::to_value((what, &at.space, &at.key, Bytes(&row.value), hex(&row.hash), row.since))
    };
    list(writes.iter().map(|(at, write)| match write {
        Write::Put(row) => full("put", at, row),
        Write::Insert(row) => full("insert", at, row),
        Write::Delete => serde_json::to_value(("delete", &at.space, &at.key)),
    }))
}

/// Answers as JSON.
pub(crate) fn answers(answers: &[Answer]) -> serde_json::Result<String> {
    list(answers.iter().map(|Answer { ticket, body }| serde_json::to_value((ticket, hex(body)))))
}

fn list(items: impl Iterator<Item = serde_json::Result<serde_json::Value>>) -> serde_json::Result<String> {
    serde_json::to_string(&items.collect::<serde_json::Result<Vec<_>>>()?)
}

/// Bytes as a text where they are one, because that is half as long; else their digits in a list of one. A control
/// character would be six characters of JSON, and SQLite ends a text at its first zero.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(self.0) {
            Ok(text) if !self.0.iter().any(u8::is_ascii_control) => serializer.serialize_str(text),
            _ => {
                let mut one = serializer.serialize_seq(Some(1))?;
                one.serialize_element(&hex(self.0))?;
                one.end()
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
