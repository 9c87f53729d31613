//! What is shown of restores: what one would change, and what became of work that was under way.

use kernel::entity::{ApprovalKind, Choice, Decision, Standing};
use kernel::id::Id;
use kernel::key::{Key, Line};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was under way at the newest restore of `main`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredView {
    /// The line that `main` is on.
    pub line: Line,
    /// The position it went back to; absent when it was never restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pos: Option<u64>,
    /// Whether what it owes is held.
    pub held: bool,
    /// What was under way.
    pub items: Vec<ItemView>,
}

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A model was asked.
    Model,
    /// A capability was to be used.
    Capability,
    /// Somebody was to be told that a person is waited for.
    Notice,
    /// A person was to decide.
    Approval,
    /// A run waited for a time.
    Timer,
}

/// Something that was under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// The effect, the approval, or the task of the run: what work.decide names.
    pub item: Id,
    /// What kind of work it is.
    pub kind: ItemKind,
    /// The task it belongs to.
    pub task: Id,
    /// What that task is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What has to be said about it.
    pub standing: Standing,
    /// Whether somebody still has to decide.
    pub open: bool,
    /// Whether an attempt was made, so that it may have taken place outside.
    pub tried: bool,
    /// The capability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// What a person was asked for, and what they decided on the line that was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<ApprovalKind>,
    /// What was decided there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decision>,
    /// The time that a run waited for, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What came of it on the line that was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<CameView>,
    /// How many reports came too late and were kept.
    #[serde(default)]
    pub late: u64,
    /// What somebody decided about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What came of something on a line that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum CameView {
    /// An answer or a result.
    Done {
        /// The beginning of it.
        text: String,
    },
    /// It failed.
    Failed {
        /// Kind of failure.
        class: String,
        /// The beginning of what happened.
        detail: String,
    },
}

/// What going back to a position would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePreview {
    /// The position.
    pub pos: u64,
    /// The line that it is on.
    pub line: Line,
    /// How many things of each kind would be others.
    pub kinds: BTreeMap<String, Changes>,
    /// Some of them.
    pub things: Vec<ThingView>,
    /// Whether those are not all.
    pub more: bool,
    /// What would be held, or given up.
    pub items: Vec<ItemView>,
}

impl RestorePreview {
    /// Nothing would change.
    pub fn nothing(pos: u64, line: Line) -> Self {
        Self { pos, line, kinds: BTreeMap::new(), things: Vec::new(), more: false, items: Vec::new() }
    }
}

/// How many things of a kind would be others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Changes {
    /// Would be as they were.
    pub changed: u64,
    /// Would not be there any more.
    pub gone: u64,
    /// Would be there again.
    pub back: u64,
}

/// How a thing would be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It would be as it was.
    Changed,
    /// It would not be there any more.
    Gone,
    /// It would be there again.
    Back,
}

/// One of the things that would be others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingView {
    /// The thing.
    pub key: Key,
    /// How it would be another.
    pub change: Change,
}
