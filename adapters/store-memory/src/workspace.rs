//! One workspace: what it holds, and how a batch changes it.

use std::collections::BTreeMap;

use kernel::hash::{Domain, hash};
use kernel::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use ports::store::{Conflict, StoreError, refuse_other_head};

/// Head, log and rows of one workspace.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) head: Head,
    pub(crate) events: Vec<StoredEvent>,
    pub(crate) rows: BTreeMap<Address, Row>,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        Self { head: Head { pos: 0, epoch: 0, value: Vec::new() }, events: Vec::new(), rows: BTreeMap::new() }
    }

    /// Apply `batch`. Everything that can refuse it stands before the first change, so half a batch cannot be.
    pub(crate) fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        refuse_other_head(&self.head, batch.expected_pos, batch.epoch)?;
        self.refuse_taken(batch)?;
        for (at, write) in &batch.writes {
            match write {
                Write::Put(row) | Write::Insert(row) => self.rows.insert(at.clone(), row.clone()),
                Write::Delete => self.rows.remove(at),
            };
        }
        self.events.retain(|event| batch.trim.is_none_or(|trim| event.pos > trim));
        self.events.extend_from_slice(&batch.events);
        self.head = Head { pos: batch.pos, epoch: batch.epoch, value: batch.head.clone() };
        Ok(())
    }

    /// The event at `pos`.
    pub(crate) fn event_mut(&mut self, pos: u64) -> Option<&mut StoredEvent> {
        let at = self.events.binary_search_by_key(&pos, |event| event.pos).ok()?;
        self.events.get_mut(at)
    }

    fn refuse_taken(&self, batch: &Batch) -> Result<(), StoreError> {
        let taken = |(at, write): &&(Address, Write)| matches!(write, Write::Insert(_)) && self.rows.contains_key(at);
        match batch.writes.iter().find(taken) {
            Some((at, _)) => Err(StoreError::Conflict(Conflict::Taken(at.clone()))),
            None => Ok(()),
        }
    }
}

/// `row` if its value is what was hashed.
pub(crate) fn whole_row(space: &str, key: &str, row: &Row) -> Result<Row, StoreError> {
    if hash(Domain::Row, &[&row.value]) != row.hash {
        return Err(StoreError::Damaged { what: format!("row {space}/{key}") });
    }
    Ok(row.clone())
}

/// `event` if its body is what was hashed.
pub(crate) fn whole_event(event: &StoredEvent) -> Result<StoredEvent, StoreError> {
    if hash(Domain::Event, &[&event.body]) != event.hash {
        return Err(StoreError::Damaged { what: format!("event {}", event.pos) });
    }
    Ok(event.clone())
}
