//! What the kernel does itself: documents and notes. It happens in the command that asks for it, so it happens once.

use super::{Fault, Outcome, is_erased};
use crate::command::TEXT_MAX;
use crate::entity::{Document, Note};
use crate::event::{DocumentWritten, NoteRemembered};
use crate::id::Role;
use crate::key::{Index, Key};
use crate::seal::{Content, Subject};
use crate::staged::Staged;
use crate::view::{Halt, RANGE_MAX, View};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many documents or notes one call looks at.
const LOOK_MAX: usize = 4 * RANGE_MAX;
/// How many documents one call lists.
const LIST_MAX: usize = RANGE_MAX;
/// How many notes are recalled when it is not said.
const RECALL_USUALLY: u64 = 5;

/// Do it. The arguments passed their schema.
pub fn perform<V: View>(to: &mut Staged<'_, V>, capability: &str, arguments: &Value) -> Result<Outcome, Halt> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    match capability {
        "documents.read" => read(to, text("path")),
        "documents.write" => {
            let append = arguments.get("append").and_then(Value::as_bool).unwrap_or(false);
            write(to, text("path"), text("text"), append)
        }
        "documents.list" => list(to, text("prefix")),
        "notes.remember" => remember(to, text("text")),
        "notes.recall" => {
            let limit = arguments.get("limit").and_then(Value::as_u64).unwrap_or(RECALL_USUALLY);
            recall(to, text("query"), limit as usize)
        }
        other => Ok(Err(Fault::new("unknown_capability", 404, format!("the kernel does not do {other}")))),
    }
}

fn read<V: View>(to: &Staged<'_, V>, path: &str) -> Result<Outcome, Halt> {
    let tag = to.tag(&["document", path])?;
    let Some(document) = to.read().data::<Document>(Key::Document(tag))? else {
        return Ok(Err(Fault::new("not_found", 404, format!("there is no document {path}"))));
    };
    match to.text(document.text.0.as_ref())? {
        Some(text) => Ok(Ok(json!({"path": path, "text": &*text, "version": *document.version}))),
        None => Ok(Err(Fault::new("key_destroyed", 410, format!("the content of {path} is gone for ever")))),
    }
}

fn write<V: View>(to: &mut Staged<'_, V>, path: &str, text: &str, append: bool) -> Result<Outcome, Halt> {
    if path.chars().any(char::is_control) {
        return Ok(Err(Fault::new("invalid_arguments", 400, "a path holds no control characters")));
    }
    let tag = to.tag(&["document", path])?;
    if is_erased(to, Subject::Document(tag))? {
        return Ok(Err(Fault::new("key_destroyed", 410, format!("{path} was made unreadable for ever"))));
    }
    let before = to.read().data::<Document>(Key::Document(tag))?.cloned();
    let old = match &before {
        Some(document) if append => to.text(document.text.0.as_ref())?,
        _ => None,
    };
    let text = format!("{}{text}", old.as_deref().unwrap_or_default());
    if text.len() > TEXT_MAX {
        let detail = format!("{path} would have {} bytes; at most {TEXT_MAX} are kept", text.len());
        return Ok(Err(Fault::new("too_long", 413, detail)));
    }
    let version = before.map_or(0, |document| *document.version).saturating_add(1);
    to.emit(DocumentWritten {
        document: tag,
        version,
        bytes: text.len() as u64,
        path: Content::plain(path),
        text: Content::plain(text),
    })?;
    Ok(Ok(json!({"path": path, "version": version})))
}

fn list<V: View>(to: &Staged<'_, V>, prefix: &str) -> Result<Outcome, Halt> {
    let mut found = Vec::new();
    for key in all(to, Index::Documents)? {
        let Some(document) = to.read().data::<Document>(key)? else { continue };
        let Some(path) = to.text(document.path.as_ref())?.filter(|path| path.starts_with(prefix)) else { continue };
        found.push((path, *document.version, *document.bytes));
    }
    found.sort();
    let listed = found.iter().take(LIST_MAX);
    let listed = listed.map(|(path, version, bytes)| json!({"path": &**path, "version": version, "bytes": bytes}));
    Ok(Ok(json!({"documents": listed.collect::<Vec<_>>()})))
}

fn remember<V: View>(to: &mut Staged<'_, V>, text: &str) -> Result<Outcome, Halt> {
    let note = to.id(Role::Note)?;
    to.emit(NoteRemembered { note, text: Content::plain(text) })?;
    Ok(Ok(json!({"note": note.to_string()})))
}

/// Notes by how many words of the query they have, newer ones first among equals.
fn recall<V: View>(to: &Staged<'_, V>, query: &str, limit: usize) -> Result<Outcome, Halt> {
    let wanted = words(query);
    let mut found = Vec::new();
    for (nth, key) in all(to, Index::Notes)?.into_iter().enumerate() {
        let Some(note) = to.read().data::<Note>(key)? else { continue };
        let Some(text) = to.text(note.text.as_ref())? else { continue };
        let hits = words(&text).intersection(&wanted).count();
        if hits > 0 || wanted.is_empty() {
            found.push((std::cmp::Reverse(hits), std::cmp::Reverse(nth), text));
        }
    }
    found.sort();
    // Long notes are as many as one answer may have bytes.
    let within = found.iter().take(limit).scan(0, |bytes, (.., text)| {
        *bytes += text.len();
        (*bytes <= TEXT_MAX).then_some(text)
    });
    let notes: Vec<Value> = within.map(|text| json!({"text": &**text})).collect();
    Ok(Ok(json!({"notes": notes})))
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn all<V: View>(to: &Staged<'_, V>, index: Index) -> Result<Vec<Key>, Halt> {
    let mut keys: Vec<Key> = Vec::new();
    while keys.len() < LOOK_MAX {
        let page = to.read().data_index(index, keys.last(), RANGE_MAX)?;
        let last = page.len() < RANGE_MAX;
        keys.extend(page);
        if last {
            break;
        }
    }
    Ok(keys)
}
