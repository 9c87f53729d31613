//! The past of a workspace: what can be asked about it, and what is said.
//!
//! A question may have to read much of the log, so it is answered a slice at a time: whoever asks sends it again with
//! what there is so far, until there is an answer. Between two slices the workspace does other work.

use kernel::id::{CommandId, Id};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// An entity as it was at a position, or as it is now: a [`StateView`]; none when it is not there.
    State {
        /// Its key.
        key: String,
        /// The position; now without one.
        at: Option<u64>,
    },
    /// What is other at a position than at one before it: a [`DiffView`].
    Diff {
        /// The position before; 0 is before everything.
        from: u64,
        /// The position; now without one.
        to: Option<u64>,
        /// Entities to pass over, in the order of their keys.
        skip: usize,
        /// Most entities to show.
        limit: usize,
    },
    /// Why something is as it is: a [`WhyView`]; none when it is not there.
    Why(Of),
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// A thing that a command made.
    Thing(Id),
    /// An event, by its position.
    Event(u64),
}

/// A question, and what there is of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAsk {
    /// What is asked.
    pub asked: Asked,
    /// What the last slice handed over, as it was; nothing in the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<Value>,
}

/// What a slice came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistorySlice {
    /// The answer; none when what is asked about is not there.
    Answer(Option<Value>),
    /// More has to be read: ask again, with this.
    More(Value),
}

/// An entity at a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateView {
    /// Its key.
    pub key: String,
    /// The position.
    pub at: u64,
    /// The event that changed it last, up to there.
    pub since: u64,
    /// Its fields, content opened; null where the key was destroyed.
    pub fields: BTreeMap<String, Value>,
    /// Content that is longer than an answer may be: where it stands in `fields`, and the event that carries all of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cut: BTreeMap<String, u64>,
}

/// What changed between two positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffView {
    /// The position before.
    pub from: u64,
    /// The position.
    pub to: u64,
    /// How many entities of each kind were added or changed, all together.
    pub kinds: Vec<KindView>,
    /// Some of them, in the order of their keys.
    pub entities: Vec<ChangeView>,
    /// How many to pass over for those that follow; absent when there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What became of the entities of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindView {
    /// The kind.
    pub kind: String,
    /// How many are new.
    pub added: u64,
    /// How many were there before and were touched.
    pub changed: u64,
}

/// An entity that is other than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// Its key.
    pub key: String,
    /// What people call it: its name, title or path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// Whether it is new.
    pub added: bool,
    /// Whether it is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The event that changed it last.
    pub since: u64,
    /// Its fields that differ, content opened.
    pub fields: BTreeMap<String, FieldView>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// What it was; absent when it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub old: Option<Value>,
    /// What it is; absent when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub new: Option<Value>,
}

/// A null that is there is content whose key was destroyed, and no absence.
fn there<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    /// Position of the event that is asked about; of a task, the newest that says how it went.
    pub of: u64,
    /// The task it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Id>,
    /// The event that is asked about and everything that led to it, newest first; the last has no cause here.
    pub reasons: Vec<ReasonView>,
    /// How many more there are.
    pub left_out: u64,
    /// What came of it.
    pub came: CameView,
}

/// An event that led to what is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonView {
    /// Its position.
    pub pos: u64,
    /// When it was recorded, milliseconds since 1970.
    pub at: u64,
    /// Its type.
    pub event: String,
    /// The command that recorded it.
    pub command: CommandId,
    /// Who acted.
    pub actor: String,
    /// For whom, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<String>,
    /// The permission that was used.
    pub scope: String,
    /// Positions of the events without which it would not be, nearest first.
    pub because: Vec<u64>,
    /// Its data, without content.
    pub data: Value,
    /// Its content by field; null where the key was destroyed.
    pub content: BTreeMap<String, Option<String>>,
    /// Names of the fields whose content goes on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<String>,
    /// What the model was told, where it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldAbout>,
    /// What cannot be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a model was told, in short. All of it is the context of that turn of the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldAbout {
    /// The step.
    pub step: Id,
    /// The turn, counted from 1.
    pub turn: u64,
    /// How many messages.
    pub messages: u64,
    /// Their tokens, as they were estimated.
    pub estimated_tokens: u64,
    /// The last of them, long ones cut; empty when they cannot be read any more.
    pub last: Vec<SaidView>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidView {
    /// Who said it: `system`, `user`, `assistant` or `tool`.
    pub speaker: String,
    /// What was said.
    pub text: String,
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameView {
    /// How many events of each type would not be without it, as far as was looked.
    pub events: BTreeMap<String, u64>,
    /// The newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<u64>,
    /// How far was looked.
    pub until: u64,
}
