//! How much room a workspace takes, and what making room came to.

use crate::store::Space;
use serde::{Deserialize, Serialize};

/// How much of the room there is may be taken before somebody is warned, in percent.
pub const SCARCE_PERCENT: u64 = 80;
/// And before commands that grow the log are refused.
pub const FULL_PERCENT: u64 = 95;

/// Whether there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// There is, or nothing is known of a limit.
    #[default]
    Enough,
    /// From [`SCARCE_PERCENT`] on.
    Scarce,
    /// From [`FULL_PERCENT`] on: only what ends work or makes room is taken.
    Full,
    /// There is none.
    None,
}

impl Room {
    /// Whether there is enough.
    pub fn is_enough(&self) -> bool {
        *self == Self::Enough
    }

    /// In what state `space` is.
    pub fn of(space: Space) -> Self {
        let Some(limit) = space.limit else { return Self::Enough };
        let reached = |percent: u64| u128::from(space.used) * 100 >= u128::from(limit) * u128::from(percent);
        match () {
            () if reached(100) => Self::None,
            () if reached(FULL_PERCENT) => Self::Full,
            () if reached(SCARCE_PERCENT) => Self::Scarce,
            () => Self::Enough,
        }
    }
}

/// How much room a workspace takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpaceView {
    /// Whether there is room.
    pub room: Room,
    /// Bytes taken of what the limit is for; more than the parts, for the store needs some itself, and where a database
    /// holds other workspaces, those are in it.
    pub used: u64,
    /// Most bytes there may be; absent where nothing is known to be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Position up to which events are in segments.
    pub packed_to: u64,
    /// What takes the room, in bytes of values.
    pub parts: PartsView,
}

/// What takes the room, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartsView {
    /// Events that are not packed.
    pub log: u64,
    /// Events that are.
    pub segments: u64,
    /// Rows of the state, and its map.
    pub rows: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Content that is kept apart because it is large.
    pub content: u64,
}

/// What compacting came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CompactView {
    /// Position up to which events are in segments now.
    pub packed_to: u64,
    /// Segments that were written.
    pub segments: u64,
    /// Events that went into them.
    pub events: u64,
    /// Bytes of their bodies before.
    pub bytes_before: u64,
    /// And after.
    pub bytes_after: u64,
}
