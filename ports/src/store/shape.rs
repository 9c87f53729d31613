//! Batches that no head could make right: gaps, unordered addresses, values too large. And heads that are not the one meant.

use super::{Conflict, StoreError};
use kernel::storage::{Address, Batch, Head, ROW_BYTES_MAX, Write};

/// Refuse a writer that was fenced off, or that means another position than the head has.
pub fn refuse_other_head(stored: &Head, pos: u64, epoch: u64) -> Result<(), StoreError> {
    if stored.epoch != epoch {
        return Err(StoreError::Conflict(Conflict::Fenced { stored: stored.epoch }));
    }
    if stored.pos != pos {
        return Err(StoreError::Conflict(Conflict::Head { stored: stored.pos }));
    }
    Ok(())
}

/// Refuse a batch that breaks what [`Batch`] states. Every store asks this before it compares or writes anything.
pub fn refuse_malformed(batch: &Batch) -> Result<(), StoreError> {
    positions(batch)?;
    trimmed(batch)?;
    addresses(&batch.writes)?;
    sizes(batch)
}

fn positions(batch: &Batch) -> Result<(), StoreError> {
    let mut pos = batch.expected_pos;
    for event in &batch.events {
        pos = pos.saturating_add(1);
        if event.pos != pos {
            return Err(malformed(format!("event {} stands where {pos} has to", event.pos)));
        }
    }
    if batch.pos != pos {
        return Err(malformed(format!("the new head is at {}, its last event at {pos}", batch.pos)));
    }
    Ok(())
}

fn trimmed(batch: &Batch) -> Result<(), StoreError> {
    match batch.trim {
        Some(trim) if trim >= batch.expected_pos => Err(malformed(format!(
            "events up to {trim} were to be removed of a log that ends at {}",
            batch.expected_pos
        ))),
        _ => Ok(()),
    }
}

fn addresses(writes: &[(Address, Write)]) -> Result<(), StoreError> {
    if let Some((at, _)) = writes.iter().find(|(at, _)| !plain(&at.space) || !plain(&at.key)) {
        return Err(malformed(format!("address {:?}/{:?} is not plain ASCII", at.space, at.key)));
    }
    if !writes.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(malformed("addresses are not ordered, or one occurs twice".into()));
    }
    Ok(())
}

fn plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn sizes(batch: &Batch) -> Result<(), StoreError> {
    fits(&batch.head, || "the head".into())?;
    for event in &batch.events {
        fits(&event.body, || format!("event {}", event.pos))?;
        fits(&event.sealed, || format!("event {}, sealed", event.pos))?;
    }
    for (at, write) in &batch.writes {
        if let Write::Put(row) | Write::Insert(row) = write {
            fits(&row.value, || format!("{}/{}", at.space, at.key))?;
        }
    }
    Ok(())
}

fn fits(value: &[u8], what: impl FnOnce() -> String) -> Result<(), StoreError> {
    if value.len() <= ROW_BYTES_MAX {
        return Ok(());
    }
    Err(StoreError::TooLarge { what: what(), bytes: value.len() })
}

fn malformed(why: String) -> StoreError {
    StoreError::Unavailable(format!("malformed batch, nothing was written: {why}"))
}
