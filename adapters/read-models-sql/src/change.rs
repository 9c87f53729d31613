//! A change as the trigger reads it. It may hold thousands of entries, so it is written as it goes, without a tree of values in
//! between.

use crate::number;
use ports::SqlValue;
use ports::read_models::{Change, Entry, Item};
use serde::Serialize;

/// The values of the statement that applies `change`.
pub(crate) fn values(change: &Change) -> serde_json::Result<[SqlValue; 9]> {
    let Change { edition, from, to, hash, forgotten, items, entries } = change;
    let texts = items.iter().filter_map(|item| Some((item.kind.name(), &item.key, item.words.as_ref()?, &item.starts)));
    let removed = entries.iter().filter(|entry| entry.value.is_none()).map(|it| (&it.model, &it.key));
    Ok([
        number(*edition),
        number(*from),
        number(*to),
        SqlValue::Text(hash.to_string()),
        list(forgotten.iter().map(text))?,
        list(items.iter().map(item))?,
        list(texts.map(|it| text(&it)))?,
        list(entries.iter().filter_map(|it| Some(entry(it, it.value.as_deref()?))))?,
        list(removed.map(|it| text(&it)))?,
    ])
}

/// All that is said of an item but its words; of one that is removed, what it is.
fn item(item: &Item) -> serde_json::Result<String> {
    let (kind, key) = (item.kind.name(), &item.key);
    match item.words {
        Some(_) => text(&(kind, key, &item.subject, &item.task, item.pos, item.at)),
        None => text(&(kind, key)),
    }
}

/// An entry; what it says is JSON already, and stands in the list as it is.
fn entry(entry: &Entry, value: &str) -> serde_json::Result<String> {
    let mut written = text(&(&entry.model, &entry.key, &entry.of, entry.pos))?;
    written.pop();
    written.push(',');
    written.push_str(value);
    written.push(']');
    Ok(written)
}

fn text<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

fn list(items: impl Iterator<Item = serde_json::Result<String>>) -> serde_json::Result<SqlValue> {
    let mut all = String::from("[");
    for item in items {
        if all.len() > 1 {
            all.push(',');
        }
        all.push_str(&item?);
    }
    all.push(']');
    Ok(SqlValue::Text(all))
}
