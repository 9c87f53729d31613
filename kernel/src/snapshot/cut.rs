//! Where a chunk ends.
//!
//! A chunk of rows holds keys of one kind, the text before the first `/`: things of a kind are made one behind the other, and
//! what is added at the end of one kind then moves nothing in the next. An entry ends its chunk when the chunk holds [`LEAST`]
//! bytes and the hash of the entry's key is among the smallest, as many of them as make one in [`GAP`] bytes; or when it holds
//! [`MOST`]. Entries of an index count [`INDEX`] times, because a change of one row writes a chunk of each level, and small
//! ones are enough to find the next by. So a chunk's end follows from what is in it and from the next key's kind: what changes
//! elsewhere moves nothing here, and behind a change the old boundaries are met again after a few chunks. With a least size
//! the sizes differ little, and a change at a random place costs hardly more than a chunk of mean size. After content-defined
//! chunking as in FastCDC (Xia et al. 2016), over whole rows instead of bytes.

use super::Entry;
use sha2::{Digest, Sha256};

/// A chunk that holds fewer bytes than this goes on.
const LEAST: usize = 14 << 10;
/// From there on it ends after so many bytes on average.
const GAP: u64 = 6 << 10;
/// It ends here at the latest.
const MOST: usize = 48 << 10;
/// How much more an entry of an index counts than its bytes.
const INDEX: usize = 3;

/// Takes entries in order and says which of them are one chunk.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    entries: Vec<Entry>,
    size: usize,
    is_index: bool,
}

impl Cutter {
    /// For chunks of an index.
    pub(super) fn of_index() -> Self {
        Self { is_index: true, ..Self::default() }
    }

    /// Take the next entry; gives the entries of each chunk that ends before it or with it.
    pub(super) fn push(&mut self, entry: Entry) -> Vec<Vec<Entry>> {
        let before = if self.ends_before(&entry.key) { self.rest() } else { None };
        let cost = entry.cost() * if self.is_index { INDEX } else { 1 };
        self.size += cost;
        let ends = self.size >= MOST || (self.size >= LEAST && is_rare(&entry.key, cost));
        self.entries.push(entry);
        let with = if ends { self.rest() } else { None };
        before.into_iter().chain(with).collect()
    }

    /// Whether a chunk ends where `next` is the next key, whatever stands under it.
    pub(super) fn ends_before(&self, next: &str) -> bool {
        let last = self.entries.last();
        last.is_none_or(|last| !self.is_index && kind(&last.key) != kind(next))
    }

    /// Entries that no chunk ended with yet; none when there are none.
    pub(super) fn rest(&mut self) -> Option<Vec<Entry>> {
        self.size = 0;
        Some(std::mem::take(&mut self.entries)).filter(|entries| !entries.is_empty())
    }
}

fn kind(key: &str) -> &str {
    key.split_once('/').map_or(key, |(kind, _)| kind)
}

/// A large entry is rare more easily, so that boundaries are as dense in large rows as in small ones.
fn is_rare(key: &str, cost: usize) -> bool {
    let digest = Sha256::digest(key.as_bytes());
    let first = digest.first_chunk::<4>().copied().unwrap_or_default();
    u64::from(u32::from_be_bytes(first)) * GAP < (cost as u64) << 32
}
