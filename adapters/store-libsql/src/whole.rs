//! Whether what was read is what was written.

use kernel::hash::{Domain, Hash, hash};
use kernel::storage::{Head, Row, StoredEvent};

use crate::statement::{blob, integer, string};
use crate::sum::Sum;

/// The head with what the store keeps beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) pos: u64,
    pub(crate) epoch: u64,
    /// How often the head was replaced.
    pub(crate) turn: u64,
    pub(crate) value: Vec<u8>,
}

impl Stored {
    /// The sum over a head.
    pub(crate) fn sum(&self) -> u64 {
        head_sum(self.pos, self.epoch, self.turn, &self.value)
    }

    /// The head as the port knows it.
    pub(crate) fn into_head(self) -> Head {
        Head { pos: self.pos, epoch: self.epoch, value: self.value }
    }
}

/// The sum over a head.
pub(crate) fn head_sum(pos: u64, epoch: u64, turn: u64, value: &[u8]) -> u64 {
    Sum::of(1).number(pos).number(epoch).number(turn).bytes(value).done()
}

/// The sum over an event: all its hash does not cover, and the hash.
pub(crate) fn event_sum(event: &StoredEvent) -> u64 {
    let places = Sum::of(2).number(event.pos).bytes(event.stream.as_bytes()).number(event.seq);
    places.bytes(&event.hash).bytes(&event.sealed).done()
}

/// The sum over a row: its address and all its hash does not cover, and the hash.
pub(crate) fn row_sum(space: &str, key: &str, row: &Row) -> u64 {
    let place = Sum::of(3).bytes(space.as_bytes()).bytes(key.as_bytes());
    place.number(row.since).bytes(&row.hash).done()
}

/// The head in `row`, if it is whole.
pub(crate) fn whole_head(row: &libsql::Row) -> Option<Stored> {
    let head = Stored { pos: integer(row, 0)?, epoch: integer(row, 1)?, turn: integer(row, 2)?, value: blob(row, 3)? };
    (head.sum() == integer(row, 4)?).then_some(head)
}

/// The row of `space`/`key` in `row`, if it is whole.
pub(crate) fn whole_row(row: &libsql::Row, space: &str, key: &str) -> Option<Row> {
    let hash_of: Hash = blob(row, 1)?.try_into().ok()?;
    let found = Row { value: blob(row, 0)?, hash: hash_of, since: integer(row, 2)? };
    let whole = row_sum(space, key, &found) == integer(row, 3)? && hash(Domain::Row, &[&found.value]) == found.hash;
    whole.then_some(found)
}

/// The event in `row`, if it is whole.
pub(crate) fn whole_event(row: &libsql::Row) -> Option<StoredEvent> {
    let event = StoredEvent {
        pos: integer(row, 0)?,
        stream: string(row, 1)?,
        seq: integer(row, 2)?,
        body: blob(row, 3)?,
        hash: blob(row, 4)?.try_into().ok()?,
        sealed: blob(row, 5)?,
    };
    let whole = event_sum(&event) == integer(row, 6)? && hash(Domain::Event, &[&event.body]) == event.hash;
    (whole && integer(row, 7)? == 1).then_some(event)
}
