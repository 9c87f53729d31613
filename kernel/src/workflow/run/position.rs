//! Where a run stands.

use crate::entity::is_default;
use crate::seal::Content;
use serde::{Deserialize, Serialize};

/// What a task that is being done is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its tasks are being done.
    #[default]
    Body,
    /// It waits for a call or for a time.
    Blocked,
    /// It waits before its tasks are tried again.
    Backoff,
    /// What is done about an error is being done.
    Handler,
}

/// A task that was begun and is not done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Frame {
    /// Number of the task.
    pub node: u32,
    /// What it is at.
    #[serde(default, skip_serializing_if = "is_default")]
    pub phase: Phase,
    /// Which turn of a loop it is at, from 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub index: u32,
    /// How many turns a loop has at most.
    #[serde(default, skip_serializing_if = "is_default")]
    pub count: u32,
    /// Whether a loop stands before its first turn.
    #[serde(default, skip_serializing_if = "is_default")]
    pub before: bool,
    /// How often it was tried again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tries: u32,
    /// When it was begun, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "is_default")]
    pub since_ms: u64,
    /// When it failed first, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed_ms: u64,
    /// Its input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Content>,
    /// The items of a loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Content>,
    /// The error that was caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Content>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Position {
    /// Tasks that were begun and are not done, innermost last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<Frame>,
    /// The task to do next; none when the innermost list is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
    /// The value that flows from one task to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Content>,
    /// What tasks exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Content>,
    /// What the run was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Content>,
    /// Whether the workflow's own input was prepared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub begun: bool,
}

impl Position {
    /// Before the first task, with this input.
    pub fn begin(input: Content) -> Self {
        Self { current: Some(input.clone()), input: Some(input), ..Self::default() }
    }

    /// Whether it waits for an outcome or for a time.
    pub fn is_blocked(&self) -> bool {
        self.frames.last().is_some_and(|frame| matches!(frame.phase, Phase::Blocked | Phase::Backoff))
    }

    /// The task that is being done, or is done next.
    pub fn node(&self) -> Option<u32> {
        let blocked = self.frames.last().filter(|_| self.is_blocked()).map(|frame| frame.node);
        blocked.or(self.next).or_else(|| self.frames.last().map(|frame| frame.node))
    }

    /// A task that failed while it waited is done from its beginning.
    pub fn again(&mut self, now_ms: u64) {
        if let Some(frame) = self.frames.pop_if(|frame| frame.phase == Phase::Blocked) {
            self.next = Some(frame.node);
        }
        // One that failed while it waited to be tried again is tried again now.
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.phase == Phase::Backoff) {
            frame.phase = Phase::Body;
        }
        for frame in &mut self.frames {
            frame.since_ms = now_ms;
        }
    }
}
