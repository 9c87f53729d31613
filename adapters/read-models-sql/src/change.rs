//! A change as the trigger reads it.

use crate::number;
use ports::SqlValue;
use ports::read_models::{Change, Entry, Item};

/// The values of the statement that applies `change`.
pub(crate) fn values(change: &Change) -> serde_json::Result<[SqlValue; 9]> {
    let Change { edition, from, to, hash, forgotten, items, entries } = change;
    let texts = items.iter().filter_map(|item| Some((item.kind.name(), &item.key, item.words.as_ref()?, &item.starts)));
    let (kept, removed): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.value.is_some());
    let kept = kept.iter().map(|it| (&it.model, &it.key, &it.of, it.pos, &it.value));
    let removed = removed.iter().map(|it| (&it.model, &it.key));
    Ok([
        number(*edition),
        number(*from),
        number(*to),
        SqlValue::Text(hash.to_string()),
        text(forgotten)?,
        list(items.iter().map(item))?,
        list(texts.map(serde_json::to_value))?,
        SqlValue::Text(serde_json::to_string(&kept.collect::<Vec<_>>())?),
        SqlValue::Text(serde_json::to_string(&removed.collect::<Vec<_>>())?),
    ])
}

/// All that is said of an item but its words; of one that is removed, what it is.
fn item(item: &Item) -> serde_json::Result<serde_json::Value> {
    let (kind, key) = (item.kind.name(), &item.key);
    match item.words {
        Some(_) => serde_json::to_value((kind, key, &item.subject, &item.task, item.pos, item.at)),
        None => serde_json::to_value((kind, key)),
    }
}

fn list(items: impl Iterator<Item = serde_json::Result<serde_json::Value>>) -> serde_json::Result<SqlValue> {
    text(&items.collect::<serde_json::Result<Vec<_>>>()?)
}

fn text<T: serde::Serialize>(value: &T) -> serde_json::Result<SqlValue> {
    serde_json::to_string(value).map(SqlValue::Text)
}
