//! Segments: events that are old enough, packed.
//!
//! A segment holds some hundreds to thousands of events that follow one another. What follows from the chain is not in it:
//! positions, seqs, the hash of every event and the hash before it are computed again from the bodies. A body is parted into
//! its shape, which many share, and its words, of which nearly all can be foretold from the words before them (see
//! `model`). What is left is compressed. Four bytes of each event's hash stay, so that damage is named exactly.
//!
//! What was sealed does not get shorter, and has to go alone when a key was destroyed. It stands beside: see [`Sealed`].

mod entry;
mod model;
mod pack;
mod sealed;
mod section;
#[cfg(test)]
mod tests;
mod unpack;
mod words;

pub use entry::{Entry, Named, SEGMENTS_SPACE};
pub use pack::pack;
pub use sealed::Sealed;
pub use unpack::unpack;

use crate::hash::HashText;
use crate::storage::StoredEvent;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Version of segments.
pub const FORMAT: u8 = 1;

/// Most bytes of bodies in a segment; guards against one that inflates without end.
pub const RAW_BYTES_MAX: usize = 4 << 20;

/// So many bytes of an event's hash are in a segment.
const CHECK_BYTES: usize = 4;

/// The last event of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Its position in the stream; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: HashText,
}

impl Default for End {
    fn default() -> Self {
        Self { seq: 0, hash: HashText([0; 32]) }
    }
}

/// The last event of every stream that has one, by the stream's text.
pub type Ends = BTreeMap<String, End>;

/// What was in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// Its events, without what was sealed.
    pub events: Vec<StoredEvent>,
    /// Where the streams ended before it.
    pub before: Ends,
    /// Where they end with it.
    pub after: Ends,
}

/// Why bytes are no segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// The first event that is not as it was written, where that is known.
    pub pos: Option<u64>,
    /// In what way.
    pub why: String,
}

/// Where the streams of `events` ended before them, as the events say; none where one does not say.
fn before(events: &[StoredEvent]) -> Option<Ends> {
    #[derive(Deserialize)]
    struct Said {
        previous: HashText,
    }
    let mut ends = Ends::new();
    for event in events {
        if !ends.contains_key(&event.stream) {
            let Said { previous } = serde_json::from_slice(&event.body).ok()?;
            ends.insert(event.stream.clone(), End { seq: event.seq.checked_sub(1)?, hash: previous });
        }
    }
    Some(ends)
}

/// Words that follow from where an event stands: its position, its seq, the hash before it, and how far control was.
fn specials(ends: &Ends, pos: u64, stream: &str) -> [Vec<u8>; 4] {
    let end = ends.get(stream).copied().unwrap_or_default();
    let control = ends.get("control").copied().unwrap_or_default();
    let number = |number: u64| number.to_string().into_bytes();
    [number(pos), number(end.seq.saturating_add(1)), end.hash.to_string().into_bytes(), number(control.seq)]
}
