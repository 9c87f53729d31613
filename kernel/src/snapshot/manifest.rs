//! What a snapshot is: where it stands, and the chunks at its tops.

use super::Top;
use crate::hash::{FORMAT, HashText};
use crate::id::WorkspaceId;
use crate::id::text::{read_number, write_number};
use crate::key::Space;
use crate::machine::{StreamHead, row_hash};
use crate::storage::{Address, Row};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Space of the manifests: beside the log, from which they can be made anew.
pub const SNAPSHOTS_SPACE: &str = "snapshots";

/// Version of manifests and chunks.
pub const SNAPSHOT_FORMAT: u32 = 1;

/// Where in the space a manifest stands is led by this.
const AT: &str = "at/";

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this and of the chunks.
    pub snapshot: u32,
    /// Version of all that enters hashes.
    pub format: u32,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Position as of which it is.
    pub pos: u64,
    /// When it was made, milliseconds since 1970.
    pub made_at: u64,
    /// The last event of each stream there.
    pub streams: BTreeMap<Space, StreamHead>,
    /// State roots there.
    pub roots: BTreeMap<Space, HashText>,
    /// Rows there. A space without rows is not named.
    pub spaces: BTreeMap<Space, Top>,
    /// Bytes that were written for it: what it does not share with snapshots before it.
    pub written: u64,
}

impl Manifest {
    /// Where in the space it is noted which chunks no snapshot may refer to any more is led by this.
    pub const LOOSE: &'static str = "loose/";
    /// And where it is noted that a snapshot must stay, by this.
    pub const PIN: &'static str = "pin/";

    /// Where the manifest of the snapshot at `pos` is stored.
    pub fn address(pos: u64) -> Address {
        let mut key = AT.to_owned();
        // Writing to a string cannot fail.
        let _ = write_number(&mut key, pos);
        Address::new(SNAPSHOTS_SPACE, key)
    }

    /// The position that a key of the space names, if it is a manifest's.
    pub fn pos_of(key: &str) -> Option<u64> {
        key.strip_prefix(AT).and_then(|number| read_number(number).ok())
    }

    /// The position of the snapshot that must stay, if a key of the space says that of one.
    pub fn pinned(key: &str) -> Option<u64> {
        key.strip_prefix(Self::PIN).and_then(|number| read_number(number).ok())
    }

    /// Between these keys stand the manifests.
    pub fn range() -> (String, String) {
        (AT.to_owned(), "at0".to_owned())
    }

    /// Where it is noted that something stands on the snapshot at `pos`: as long as this is there it is not removed.
    pub fn pin(pos: u64) -> Address {
        let mut key = Self::PIN.to_owned();
        // Writing to a string cannot fail.
        let _ = write_number(&mut key, pos);
        Address::new(SNAPSHOTS_SPACE, key)
    }

    /// As it is stored.
    pub fn row(&self) -> Result<Row, String> {
        let value = self.encode()?;
        Ok(Row { hash: row_hash(&value), value, since: self.pos })
    }

    fn encode(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|why| format!("a manifest cannot be written: {why}"))
    }

    /// Read the manifest of the snapshot of `workspace` at `pos`. What is wrong with it is said in words.
    pub fn read(workspace: WorkspaceId, pos: u64, bytes: &[u8]) -> Result<Self, String> {
        let it: Self = serde_json::from_slice(bytes).map_err(|why| format!("it is malformed: {why}"))?;
        if (it.snapshot, it.format) != (SNAPSHOT_FORMAT, FORMAT) {
            let (snapshot, format) = (it.snapshot, it.format);
            return Err(format!("its formats {snapshot} and {format} are not known to this kernel"));
        }
        if it.workspace != workspace || it.pos != pos {
            return Err(format!("it is of {} at {}", it.workspace, it.pos));
        }
        let ends = it.streams.values().try_fold(0_u64, |sum, stream| sum.checked_add(stream.seq));
        if ends != Some(pos) {
            return Err("its streams do not end at its position".to_owned());
        }
        if it.spaces.keys().any(|space| !super::holds(*space)) {
            return Err("it names a space that is in no snapshot".to_owned());
        }
        if it.encode().as_deref() != Ok(bytes) {
            return Err("it is not written as manifests are".to_owned());
        }
        Ok(it)
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.spaces.values().map(|top| u64::from(top.rows)).sum()
    }

    /// Bytes of its rows, before compression.
    pub fn bytes(&self) -> u64 {
        self.spaces.values().fold(0, |sum, top| sum.saturating_add(top.bytes))
    }
}
