//! Where a workspace's streams and roots stand: the value of the stored head.

use super::Stop;
use crate::hash::{FORMAT, HashText};
use crate::key::Space;
use crate::map::Tree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The last event of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHead {
    /// Its position in the stream.
    pub seq: u64,
    /// Its hash.
    pub hash: HashText,
}

/// Streams, and the state maps as of the last fold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// Version of all that enters hashes.
    pub format: u32,
    /// The last event of each stream.
    pub streams: BTreeMap<Space, StreamHead>,
    /// Position up to which rows are in the state maps.
    pub folded: u64,
    /// The state maps.
    pub trees: BTreeMap<Space, Tree>,
}

impl Default for Heads {
    fn default() -> Self {
        Self { format: FORMAT, streams: BTreeMap::new(), folded: 0, trees: BTreeMap::new() }
    }
}

impl Heads {
    /// Read the value of a stored head.
    pub fn decode(value: &[u8]) -> Result<Self, Stop> {
        let heads: Self =
            serde_json::from_slice(value).map_err(|why| Stop::Broken(format!("the head is malformed: {why}")))?;
        if heads.format != FORMAT {
            return Err(Stop::Broken(format!("hash format {} is not known to this kernel ({FORMAT})", heads.format)));
        }
        Ok(heads)
    }

    /// The value of a stored head.
    pub fn encode(&self) -> Result<Vec<u8>, Stop> {
        serde_json::to_vec(self).map_err(|why| Stop::Broken(why.to_string()))
    }

    /// Position of the last event of the workspace: every event is in one stream, and streams have no gaps.
    pub fn pos(&self) -> u64 {
        self.streams.values().map(|stream| stream.seq).sum()
    }

    /// The stream's last event; seq 0 and a zero hash before the first.
    pub fn stream(&self, space: Space) -> StreamHead {
        self.streams.get(&space).copied().unwrap_or(StreamHead { seq: 0, hash: HashText([0; 32]) })
    }
}
