//! What a store keeps for a workspace, as plain data: rows, events, one head.
//!
//! The kernel produces these values and a storage adapter writes them down without understanding them. Everything
//! an adapter must guarantee is stated on [`Batch`]; the conformance kit checks it.

/// Where a row lives inside its workspace.
///
/// `space` names a key space (`control`, `main@0`, `pages/main@0`, `keys`, …); `key` is unique and ordered, byte by
/// byte, inside it. Both are plain ASCII text without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The key space.
    pub space: String,
    /// The key inside the space.
    pub key: String,
}

impl Address {
    /// The address of `key` in `space`.
    pub fn new(space: impl Into<String>, key: impl Into<String>) -> Self {
        Self { space: space.into(), key: key.into() }
    }
}

/// One stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The canonical bytes of the value. At most [`ROW_BYTES_MAX`].
    pub value: Vec<u8>,
    /// Hash over `value`; a reader compares it, so that a damaged row is found when it is read.
    pub hash: [u8; 32],
    /// `pos` of the event that wrote this value last.
    pub since: u64,
}

/// The largest row, event or sealed attachment a store has to accept, in bytes (limits of edge stores: 2 MB a row).
pub const ROW_BYTES_MAX: usize = 1_000_000;

/// What happens to one row in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Write the row, whether or not it was there.
    Put(Row),
    /// Write the row; if the address is taken, refuse the whole batch with `Conflict::Taken`. Deduplication rests on it.
    Insert(Row),
    /// Remove the row; nothing happens when it is not there.
    Delete,
}

/// One event as stored: bytes that were hashed, and the ciphertexts they commit to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Workspace-wide position, from 1, without gaps.
    pub pos: u64,
    /// Stream with incarnation: `control`, `main@0`, ….
    pub stream: String,
    /// Position inside the stream, from 1, without gaps.
    pub seq: u64,
    /// The event, canonical JSON.
    pub body: Vec<u8>,
    /// Hash over `body`.
    pub hash: [u8; 32],
    /// The event's sealed units, framed; empty when there are none, dropped when their key was destroyed.
    pub sealed: Vec<u8>,
}

/// The head of a workspace's log: the one value on which writers compare and swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Position of the last event; 0 before the first.
    pub pos: u64,
    /// Fencing token of the writer that owns the workspace; raised by every claim.
    pub epoch: u64,
    /// Stream heads, roots and format versions, canonical JSON; opaque to the store.
    pub value: Vec<u8>,
}

/// One commit: all of it or nothing, and durable before it is acknowledged.
///
/// The store refuses it unless the stored head has exactly `expected_pos` and `epoch`; then it appends `events`, applies
/// `writes` in any order (no address occurs twice), removes the events up to `trim`, and replaces the head by (`pos`, same
/// epoch, `head`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// `pos` the stored head must have.
    pub expected_pos: u64,
    /// Fencing token the stored head must have.
    pub epoch: u64,
    /// `pos` of the new head; `expected_pos` + number of events.
    pub pos: u64,
    /// The new head's value.
    pub head: Vec<u8>,
    /// Events to append, in order of `pos`.
    pub events: Vec<StoredEvent>,
    /// Rows to write, ordered by address.
    pub writes: Vec<(Address, Write)>,
    /// Events up to this position are removed; what was removed before stays so. It lies before `expected_pos`: the last
    /// event there was is never removed, so that where the log ends can always be seen.
    pub trim: Option<u64>,
}
