//! What an incident consists of.

use kernel::hash::HashText;
use kernel::id::{Id, WorkspaceId};
use kernel::key::{Key, Space};
use kernel::machine::StreamHead;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Version of files with incidents.
pub const INCIDENT_FORMAT: u32 = 1;

/// What stands at the beginning of a file, in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Version of the file.
    pub incident: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// When it was written, milliseconds since 1970.
    pub written_at: u64,
    /// The key, as an armored age file.
    pub age: String,
}

/// A piece of a timeline, with what is needed to replay it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The task it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Id>,
    /// Whether what was said was left out.
    pub redacted: bool,
    /// Position before the first event.
    pub after: u64,
    /// Position of the last.
    pub pos: u64,
    /// What was before.
    pub before: Before,
    /// Definitions of before that the events name: they give names to what is shown.
    pub definitions: Vec<Seen>,
    /// The events, without a gap.
    pub events: Vec<Seen>,
    /// What models were told: an answer of the host for each turn.
    pub contexts: Vec<Value>,
    /// The last event of each stream at the end.
    pub streams: BTreeMap<Space, StreamHead>,
    /// Rows that the events touch, as the host's log leads to them at the end: their hashes, by space and key.
    pub rows: BTreeMap<String, HashText>,
    /// Roots at the end, where the host says them: when it is the end of its log.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roots: BTreeMap<Space, HashText>,
}

/// What was before the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Before {
    /// Every event before them, as it was recorded, without content.
    Events {
        /// They.
        events: Vec<String>,
    },
    /// The rows that the events touch, as they were.
    Rows {
        /// The last event of each stream.
        streams: BTreeMap<Space, StreamHead>,
        /// Each with the position of the event that changed it last, as it is encoded.
        rows: Vec<(Space, Key, u64, String)>,
    },
}

/// An event, and what was said in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The event as it was recorded.
    pub body: String,
    /// What was said in it, by field; null where the key was destroyed. Absent where it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<BTreeMap<String, Option<String>>>,
}
