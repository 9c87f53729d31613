//! Content as it stands in events and rows: plain until it is sealed, then a reference that commits to its ciphertext.

use crate::hash::HashText;
use crate::id::{BadId, BlobId, CommandId, Id, KeyId, serde_by_text};
use serde::{Deserialize, Serialize, de, ser};
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

/// Whose data it is: what is destroyed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An agent and what describes it.
    Agent(Id),
    /// A branch and what describes it.
    Branch(Id),
    /// A document.
    Document(KeyId),
    /// A note.
    Note(Id),
    /// A provider and what describes it.
    Provider(Id),
    /// A task with all its steps.
    Task(Id),
    /// A workflow.
    Workflow(Id),
    /// The workspace's own description.
    Workspace,
}

impl Subject {
    /// The command that makes the subject; none for the workspace.
    pub fn made_by(&self) -> Option<CommandId> {
        match self {
            Self::Agent(id) | Self::Branch(id) | Self::Provider(id) | Self::Task(id) => Some(id.command),
            Self::Note(id) | Self::Workflow(id) => Some(id.command),
            Self::Document(_) | Self::Workspace => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => write!(f, "agent/{id}"),
            Self::Branch(id) => write!(f, "branch/{id}"),
            Self::Document(tag) => write!(f, "document/{tag}"),
            Self::Note(id) => write!(f, "note/{id}"),
            Self::Provider(id) => write!(f, "provider/{id}"),
            Self::Task(id) => write!(f, "task/{id}"),
            Self::Workflow(id) => write!(f, "workflow/{id}"),
            Self::Workspace => f.write_str("workspace"),
        }
    }
}

impl FromStr for Subject {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.split_once('/') {
            None if text == "workspace" => Ok(Self::Workspace),
            Some(("agent", id)) => id.parse().map(Self::Agent),
            Some(("branch", id)) => id.parse().map(Self::Branch),
            Some(("document", tag)) => tag.parse().map(Self::Document),
            Some(("note", id)) => id.parse().map(Self::Note),
            Some(("provider", id)) => id.parse().map(Self::Provider),
            Some(("task", id)) => id.parse().map(Self::Task),
            Some(("workflow", id)) => id.parse().map(Self::Workflow),
            _ => Err(BadId),
        }
    }
}

serde_by_text!(Subject);

/// A reference to sealed content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unit {
    /// The data key that sealed it.
    pub key: KeyId,
    /// Commitment to the ciphertext.
    pub hash: HashText,
    /// Bytes of the ciphertext with all that belongs to it.
    pub size: u32,
    /// In how many chunks the ciphertext is kept apart; absent when the event carries it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub chunks: u16,
    /// Position of the event that carries the ciphertext; absent in that event itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

fn is_zero(chunks: &u16) -> bool {
    *chunks == 0
}

impl Unit {
    /// The blob, when the ciphertext is kept apart.
    pub fn blob(&self) -> Option<BlobId> {
        (self.chunks > 0).then_some(BlobId(self.hash.0))
    }
}

/// A string from a person or the outside.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// Not sealed yet. It cannot be written: serialising it is an error. Whoever refers to it shares it: what flows
    /// through a run is referred to by many moves.
    Plain(Rc<str>),
    /// Sealed.
    Sealed(Box<Unit>),
}

impl Content {
    /// Plain content.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::Plain(text.as_ref().into())
    }

    /// The reference, once sealed.
    pub fn unit(&self) -> Option<&Unit> {
        match self {
            Self::Plain(_) => None,
            Self::Sealed(unit) => Some(unit),
        }
    }

    /// The same content as a row refers to it: carried by the event at `pos`. Plain content stays as it is.
    pub fn carried_at(&self, pos: u64) -> Self {
        match self {
            Self::Plain(text) => Self::Plain(Rc::clone(text)),
            Self::Sealed(unit) => Self::Sealed(Box::new(Unit { at: Some(pos), ..(**unit).clone() })),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "Plain({} bytes)", text.len()),
            Self::Sealed(unit) => write!(f, "Sealed({})", unit.hash),
        }
    }
}

impl Serialize for Content {
    fn serialize<S: ser::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(_) => Err(ser::Error::custom("plain content is never written")),
            Self::Sealed(unit) => unit.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Unit::deserialize(d).map(|unit| Self::Sealed(Box::new(unit)))
    }
}
