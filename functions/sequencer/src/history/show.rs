//! Entities and events as people read them: fields, with content opened in its place.

use crate::views::open;
use crate::{Failure, Sequencer};
use kernel::seal::{Content, Unit};
use ports::StoreError;
use serde::Deserialize as _;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Texts of one entity that are opened at most.
const OPENED_MAX: usize = 256;
/// Said where a text would not fit any more.
pub const MORE: &str = "…";

/// How much of content is shown.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Bytes of one text.
    pub text: usize,
    /// Bytes of all of them.
    pub all: usize,
}

/// Fields, and what of them was cut: where it stands, and the event that carries all of it.
pub type Shown = (BTreeMap<String, Value>, BTreeMap<String, u64>);

impl Sequencer {
    /// The fields of an encoded entity, content opened as far as there is room. A null is what nobody can read any more.
    pub(super) async fn shown(&mut self, encoded: &[u8], room: Room) -> Result<Shown, Failure> {
        let damaged = |why: serde_json::Error| StoreError::Damaged { what: format!("a row is not JSON: {why}") };
        let mut fields: Value = serde_json::from_slice(encoded).map_err(damaged)?;
        let (mut units, mut cut, mut left) = (Vec::new(), BTreeMap::new(), room.all);
        find(&fields, &mut String::new(), &mut units);
        for (nth, (pointer, unit)) in units.into_iter().enumerate() {
            let at = unit.at.unwrap_or_default();
            let most = if nth < OPENED_MAX { room.text.min(left) } else { 0 };
            let text = if most > 0 { self.opened(unit).await? } else { Some(MORE.to_owned()) };
            let is_cut = most == 0 || text.as_ref().is_some_and(|text| text.len() > most);
            let text = text.map(|text| if is_cut { short(&text, most) } else { text });
            left = left.saturating_sub(text.as_ref().map_or(0, String::len));
            if is_cut {
                cut.insert(pointer.clone(), at);
            }
            if let Some(place) = fields.pointer_mut(&pointer) {
                *place = text.map_or(Value::Null, Value::String);
            }
        }
        let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
        Ok((fields.into_iter().collect(), cut))
    }

    async fn opened(&mut self, unit: Unit) -> Result<Option<String>, Failure> {
        let content = Content::Sealed(Box::new(unit));
        self.ask(|workspace| open(workspace, Some(&content))).await
    }
}

/// The beginning of `text`, at most so many bytes, and a sign that it goes on.
pub fn short(text: &str, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}{MORE}", text.get(..end).unwrap_or_default())
}

/// References to sealed content in `value`, each with the JSON pointer to it.
fn find(value: &Value, at: &mut String, found: &mut Vec<(String, Unit)>) {
    let mut step = |name: String, value: &Value| {
        let before = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        find(value, at, found);
        at.truncate(before);
    };
    match value {
        Value::Object(members) => match reference(value, members) {
            Some(unit) => found.push((at.clone(), unit)),
            None => members.iter().for_each(|(name, value)| step(name.clone(), value)),
        },
        Value::Array(items) => items.iter().enumerate().for_each(|(nth, value)| step(nth.to_string(), value)),
        _ => {}
    }
}

fn reference(value: &Value, members: &Map<String, Value>) -> Option<Unit> {
    let known = ["key", "hash", "size", "chunks", "at"];
    members.keys().all(|name| known.contains(&name.as_str())).then(|| Unit::deserialize(value).ok()).flatten()
}

/// `value` without references to sealed content.
pub fn without_content(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let left = members.into_iter().filter(|(_, value)| !is_reference(value));
            Value::Object(left.map(|(name, value)| (name, without_content(value))).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().filter(|value| !is_reference(value)).map(without_content).collect())
        }
        other => other,
    }
}

fn is_reference(value: &Value) -> bool {
    value.as_object().is_some_and(|members| reference(value, members).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(short("größer", 3), "gr…");
        assert_eq!(short("größer", 4), "grö…");
        assert_eq!(short("größer", 0), "…");
    }

    #[test]
    fn references_are_found_wherever_they_stand_and_left_out_where_nobody_can_read_them() {
        let unit = json!({"key": "dg0zktvzv54w3ka4zzvc7fvd8m", "hash": "A".repeat(43), "size": 3, "at": 7});
        let value = json!({"title": unit, "a/b": [1, {"deep": unit}], "key": "plain"});
        let mut found = Vec::new();
        find(&value, &mut String::new(), &mut found);
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["/a~1b/1/deep", "/title"]);
        assert!(found.iter().all(|(place, unit)| value.pointer(place).is_some() && unit.at == Some(7)));
        assert_eq!(without_content(value), json!({"a/b": [1, {}], "key": "plain"}));
    }
}
