//! The first and the last frame of a file.

use super::frame::{self, Bad, FrameKind, MAGIC};
use crate::problem::Fault;
use kernel::hash::{FORMAT, HashText};
use kernel::id::WorkspaceId;
use kernel::key::Space;
use kernel::seal::TransferKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of a file with a whole workspace: of its frames, its records, and what stands in its first and last frame.
pub const FILE_FORMAT: u32 = 1;

/// Version of a file with what came after a position. It has a number of its own so that nobody takes it for a whole one.
pub const PART_FORMAT: u32 = 2;

/// What a file is about: its first frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Version of the file.
    pub file: u32,
    /// Version of all that enters hashes.
    pub format: u32,
    /// Version of the kernel that wrote it.
    pub kernel: String,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Position behind which it begins; 0 in a file with a whole workspace.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u64,
    /// Position up to which it goes.
    pub pos: u64,
    /// Roots at that position.
    pub roots: BTreeMap<Space, HashText>,
    /// When it was written, milliseconds since 1970.
    pub written_at: u64,
    /// About the key under which data keys travel.
    pub key: KeyAbout,
}

/// About the key under which data keys travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAbout {
    /// Tells the key from every other.
    pub check: HashText,
    /// The key as whoever asked for the file wrapped it: an armored age file. Without it the key is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
}

/// How a file ends: its last frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How many events it has.
    pub events: u64,
    /// How many data keys.
    pub keys: u64,
    /// How many chunks of large content.
    pub chunks: u64,
    /// Roots, as in the first frame.
    pub roots: BTreeMap<Space, HashText>,
    /// Made with the key over the hash before this frame: whoever does not know the key cannot have written the file.
    pub seal: HashText,
}

impl About {
    /// Whether `workspace` is meant, and `key` is the file's: else which fault it is, and why.
    pub fn is_meant(&self, workspace: WorkspaceId, key: &TransferKey) -> Result<(), (Fault, String)> {
        if self.file != FILE_FORMAT {
            return Err((
                Fault::ImportForeign,
                "the file holds a part of a workspace, as backups have them".to_owned(),
            ));
        }
        if self.workspace != workspace {
            return Err((Fault::WrongWorkspace, format!("the file holds {}", self.workspace)));
        }
        if key.check(workspace) != self.key.check {
            return Err((Fault::ImportWrongKey, "the file names another key".to_owned()));
        }
        Ok(())
    }

    /// Read the beginning of a file: what it is about, how many bytes that is, and the hash over them.
    pub fn read(head: &[u8]) -> Result<(Self, usize, HashText), Bad> {
        let (magic, rest) = head.split_at_checked(MAGIC.len()).ok_or(Bad::Cut)?;
        if magic != MAGIC {
            return Err(Bad::Foreign("it does not begin like an export of KernelOS".to_owned()));
        }
        let frame = frame::read(rest, &frame::begin())?.ok_or(Bad::Cut)?;
        if frame.kind != FrameKind::About {
            return Err(Bad::Altered("its first frame does not say what it is about".to_owned()));
        }
        // The versions come first: what else there is in another version is not known here.
        let Versions { file, format } = json(&frame.raw)?;
        if ![FILE_FORMAT, PART_FORMAT].contains(&file) || format != FORMAT {
            let known =
                format!("this program knows file formats {FILE_FORMAT} and {PART_FORMAT} and hash format {FORMAT}");
            return Err(Bad::Version(format!("it has file format {file} and hash format {format}; {known}")));
        }
        Ok((json(&frame.raw)?, MAGIC.len() + frame.size, frame.chain))
    }
}

#[derive(Deserialize)]
struct Versions {
    file: u32,
    format: u32,
}

impl Ending {
    /// Read the last frame.
    pub fn read(raw: &[u8]) -> Result<Self, Bad> {
        json(raw)
    }
}

/// Whether a field is left out of what is written.
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn json<T: DeserializeOwned>(raw: &[u8]) -> Result<T, Bad> {
    serde_json::from_slice(raw).map_err(|why| Bad::Altered(format!("a frame cannot be read: {why}")))
}
