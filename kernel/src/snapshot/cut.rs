//! Where a chunk ends.
//!
//! An entry ends its chunk when the chunk holds [`LEAST`] bytes and the hash of the entry's key is among the smallest, as
//! many of them as make one in [`GAP`] bytes; or when it holds [`MOST`]. So a chunk's end follows from what is in it: what
//! changes elsewhere moves nothing here, and behind a change the old boundaries are met again after a few chunks. With a
//! least size the sizes differ little, and a change at a random place costs hardly more than a chunk of mean size. After
//! content-defined chunking as in FastCDC (Xia et al. 2016), over whole rows instead of bytes.

use super::Entry;
use sha2::{Digest, Sha256};

/// A chunk that holds fewer bytes than this goes on.
const LEAST: usize = 12 << 10;
/// From there on it ends after so many bytes on average.
const GAP: u64 = 4 << 10;
/// It ends here at the latest.
const MOST: usize = 40 << 10;

/// Takes entries in order and says which of them are one chunk.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    entries: Vec<Entry>,
    size: usize,
}

impl Cutter {
    /// Take the next entry; gives a chunk's entries when it ends with this one.
    pub(super) fn push(&mut self, entry: Entry) -> Option<Vec<Entry>> {
        let cost = entry.cost();
        self.size += cost;
        let ends = self.size >= MOST || (self.size >= LEAST && is_rare(&entry.key, cost));
        self.entries.push(entry);
        if ends { self.rest() } else { None }
    }

    /// Entries that no chunk ended with yet; none when there are none.
    pub(super) fn rest(&mut self) -> Option<Vec<Entry>> {
        self.size = 0;
        Some(std::mem::take(&mut self.entries)).filter(|entries| !entries.is_empty())
    }

    /// Whether the last chunk ended with the last entry.
    pub(super) fn is_between(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A large entry is rare more easily, so that boundaries are as dense in large rows as in small ones.
fn is_rare(key: &str, cost: usize) -> bool {
    let digest = Sha256::digest(key.as_bytes());
    let first = digest.first_chunk::<4>().copied().unwrap_or_default();
    u64::from(u32::from_be_bytes(first)) * GAP < (cost as u64) << 32
}
