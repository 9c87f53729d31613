//! Rows, events and batches for stories.

use kernel::hash::{Domain, hash};
use kernel::storage::{Address, Batch, Row, StoredEvent, Write};
use ports::{Store, StoreError};

/// A row whose hash fits.
pub fn row(value: impl Into<Vec<u8>>, since: u64) -> Row {
    let value = value.into();
    Row { hash: hash(Domain::Row, &[&value]), value, since }
}

/// An event of the stream `main.0` whose hash fits.
pub fn event(pos: u64, body: impl Into<Vec<u8>>, sealed: impl Into<Vec<u8>>) -> StoredEvent {
    let body = body.into();
    let hash = hash(Domain::Event, &[&body]);
    StoredEvent { pos, stream: "main.0".into(), seq: pos, body, hash, sealed: sealed.into() }
}

/// Write `value` at `space`/`key`.
pub fn put(space: &str, key: &str, value: impl Into<Vec<u8>>) -> (Address, Write) {
    (Address::new(space, key), Write::Put(row(value, 1)))
}

/// Write `value` at `space`/`key`, which has to be free.
pub fn insert(space: &str, key: &str, value: impl Into<Vec<u8>>) -> (Address, Write) {
    (Address::new(space, key), Write::Insert(row(value, 1)))
}

/// Remove the row at `space`/`key`.
pub fn delete(space: &str, key: &str) -> (Address, Write) {
    (Address::new(space, key), Write::Delete)
}

/// A writer: the workspace it claimed, its token, and the position it believes the head to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hand {
    /// The workspace.
    pub workspace: String,
    /// The fencing token.
    pub epoch: u64,
    /// Position of the last event this hand knows.
    pub pos: u64,
}

impl Hand {
    /// Create `workspace` and claim it.
    pub async fn create(store: &dyn Store, workspace: &str) -> Result<Self, StoreError> {
        store.create(workspace).await?;
        Self::claim(store, workspace).await
    }

    /// Claim `workspace`.
    pub async fn claim(store: &dyn Store, workspace: &str) -> Result<Self, StoreError> {
        let head = store.claim(workspace).await?;
        Ok(Self { workspace: workspace.into(), epoch: head.epoch, pos: head.pos })
    }

    /// The batch with which this hand would write `writes` and `events` events.
    pub fn batch(&self, events: u64, writes: Vec<(Address, Write)>) -> Batch {
        let pos = self.pos + events;
        let event = |pos| event(pos, format!("{{\"pos\":{pos}}}"), format!("sealed {pos}"));
        Batch {
            expected_pos: self.pos,
            epoch: self.epoch,
            pos,
            head: format!("head at {pos}").into_bytes(),
            events: (self.pos + 1..=pos).map(event).collect(),
            writes: ordered(writes),
            trim: None,
        }
    }

    /// Commit `batch`; if it is accepted, the hand stands at its position.
    pub async fn commit(&mut self, store: &dyn Store, batch: &Batch) -> Result<(), StoreError> {
        store.commit(&self.workspace, batch).await?;
        self.pos = batch.pos;
        Ok(())
    }

    /// Commit `events` events and `writes`.
    pub async fn write(
        &mut self,
        store: &dyn Store,
        events: u64,
        writes: Vec<(Address, Write)>,
    ) -> Result<(), StoreError> {
        let batch = self.batch(events, writes);
        self.commit(store, &batch).await
    }
}

/// Stories name rows in the order that reads best; the port wants them ordered.
fn ordered(mut writes: Vec<(Address, Write)>) -> Vec<(Address, Write)> {
    writes.sort_by(|(one, _), (next, _)| one.cmp(next));
    writes
}
