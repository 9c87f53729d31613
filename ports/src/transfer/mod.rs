//! A workspace on its way from one host to another: one file, given and taken in slices.
//!
//! What stands in the file, byte by byte, is in `docs/portability.md`. Hosts give it and take it in a slice at a time and
//! keep nothing between two slices but what the cursor or the store says, so that a workspace of any size passes through a
//! host with little memory.

mod about;
mod frame;
mod record;
pub mod text;

pub use about::{About, Ending, FILE_FORMAT, KeyAbout, PART_FORMAT};
pub use frame::{Bad, FRAME_BYTES_MAX, Frame, FrameKind, MAGIC, RAW_BYTES_MAX, begin, read, write};
pub use record::{Record, Row, records};

use kernel::hash::HashText;
use kernel::id::DeviceId;
use kernel::key::Space;
use kernel::seal::TransferKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an export is asked for: its next slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportAsk {
    /// The key under which data keys travel.
    #[serde(with = "text::key")]
    pub key: TransferKey,
    /// The same key as whoever asks wrapped it: it goes into the file as it is.
    pub wrapped: Option<String>,
    /// When it was asked for, milliseconds since 1970.
    pub written_at: u64,
    /// Only what came after this position, and every key: a part, as backups have them. 0 for a whole workspace.
    #[serde(default, skip_serializing_if = "about::is_zero")]
    pub after: u64,
    /// Where the slice before it ended; none for the first.
    pub cursor: Option<ExportCursor>,
}

/// Where an export stands. It goes up to a position that is fixed with the first slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportCursor {
    /// The last position that the file tells of.
    pub pos: u64,
    /// Roots at that position.
    pub roots: BTreeMap<Space, HashText>,
    /// Hash over the file so far.
    pub chain: HashText,
    /// What comes next.
    pub next: Next,
    /// How many keys are in the file so far.
    pub keys: u64,
    /// How many chunks are in the file so far.
    pub chunks: u64,
}

/// What comes next in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The event after a position, or that event without its sealed units, which stand before it already.
    Event {
        /// The position.
        after: u64,
        /// Whether its sealed units stand there already.
        sealed: bool,
    },
    /// The data key after this one.
    Key(String),
    /// The chunk of large content after this one.
    Chunk(String),
    /// In a part: large content of the first event after a position that has some, from the chunk of that number on,
    /// counted over all of the event.
    ChunkOf {
        /// The position.
        after: u64,
        /// How many chunks of that event stand there already.
        skip: u64,
    },
    /// The end.
    Ending,
}

/// A slice of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportSlice {
    /// Whole frames of the file.
    #[serde(with = "text::bytes")]
    pub bytes: Vec<u8>,
    /// Where the next slice begins; none when this was the last.
    pub next: Option<ExportCursor>,
}

/// What is done about an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportAsk {
    /// Begin, or go on with what was begun with the same bytes.
    Begin {
        /// The file up to the end of its first frame.
        #[serde(with = "text::bytes")]
        head: Vec<u8>,
        /// The key under which data keys travel.
        #[serde(with = "text::key")]
        key: TransferKey,
    },
    /// Take in what stands at `offset`: all whole frames of it. With the last frame the workspace exists.
    Append {
        /// Where the bytes stand in the file.
        offset: u64,
        /// The bytes.
        #[serde(with = "text::bytes")]
        bytes: Vec<u8>,
        /// Who takes it in.
        by: ImportedBy,
    },
    /// Tell how far it is.
    Stand,
    /// Give it up: nothing of it is left.
    Abandon {
        /// What is whole is given up, too, if it stands at this position and owes nothing here: a copy that was frozen to
        /// come and was not adopted, or what a workspace left behind that went elsewhere.
        #[serde(default)]
        whole: Option<u64>,
    },
}

/// Who takes a workspace in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedBy {
    /// The host's device.
    pub device: DeviceId,
    /// The incarnation of that device.
    pub incarnation: u32,
    /// Its public key: the workspace enrols it.
    pub public_key: HashText,
    /// Who asked for it: a principal's pseudonym.
    pub actor: String,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportStand {
    /// How many bytes of the file were taken in.
    pub offset: u64,
    /// Whether that was all of it: the workspace is there.
    pub complete: bool,
}
