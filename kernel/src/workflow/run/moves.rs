//! What can happen to a position: the entries of a run's journal.

use super::position::{Frame, Phase, Position};
use crate::entity::is_default;
use crate::seal::Content;
use serde::{Deserialize, Serialize};

/// One entry of a run's journal. Contents are there only when they are new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Move {
    /// The workflow's input was prepared.
    Begun {
        /// The first task.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<u32>,
        /// The prepared input.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Content>,
    },
    /// A task with tasks of its own is begun.
    Entered {
        /// The task.
        node: u32,
        /// When, milliseconds since 1970.
        at_ms: u64,
        /// The first of its tasks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<u32>,
        /// How many turns a loop has at most.
        #[serde(default, skip_serializing_if = "is_default")]
        count: u32,
        /// Its input, when it is not the value that flows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Content>,
        /// The items of a loop.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Content>,
    },
    /// A task waits for a call or for a time.
    Blocked {
        /// The task.
        node: u32,
        /// When, milliseconds since 1970.
        at_ms: u64,
        /// Its input, when it is not the value that flows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Content>,
    },
    /// The next turn of a loop begins.
    Iterated {
        /// The loop.
        node: u32,
        /// Which turn, from 0.
        index: u32,
        /// The first of its tasks.
        next: u32,
    },
    /// A task is done, or was passed over.
    Left {
        /// The task.
        node: u32,
        /// How many tasks that were begun are done with it.
        #[serde(default, skip_serializing_if = "is_default")]
        frames: u32,
        /// The task to do next; absent when the list is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<u32>,
        /// Whether its condition did not hold.
        #[serde(default, skip_serializing_if = "is_default")]
        skipped: bool,
        /// What came of it, when it is not the value that flows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Content>,
        /// What it exported.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<Content>,
    },
    /// A task failed, and its list will be tried again.
    Retrying {
        /// The `try`.
        node: u32,
        /// When, milliseconds since 1970.
        at_ms: u64,
        /// How many tasks that were begun are given up with it.
        frames: u32,
        /// The first task of the list.
        next: u32,
        /// The error.
        error: Content,
    },
    /// The wait before a list is tried again is over.
    Retried {
        /// The `try`.
        node: u32,
    },
    /// A task failed, and something is done about it.
    Caught {
        /// The `try`.
        node: u32,
        /// How many tasks that were begun are given up with it.
        frames: u32,
        /// The first task of what is done.
        next: u32,
        /// The error.
        error: Content,
    },
}

impl Move {
    /// Its contents, by role.
    pub fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let (value, other) = match self {
            Self::Begun { value, .. } | Self::Blocked { value, .. } => (value.as_mut(), None),
            Self::Entered { value, items, .. } => (value.as_mut(), items.as_mut().map(|items| ("items", items))),
            Self::Left { value, context, .. } => (value.as_mut(), context.as_mut().map(|context| ("context", context))),
            Self::Retrying { error, .. } | Self::Caught { error, .. } => (None, Some(("error", error))),
            Self::Iterated { .. } | Self::Retried { .. } => (None, None),
        };
        value.map(|value| ("value", value)).into_iter().chain(other).collect()
    }

    /// The task it is about.
    pub fn node(&self) -> Option<u32> {
        match self {
            Self::Begun { .. } => None,
            Self::Entered { node, .. } | Self::Blocked { node, .. } | Self::Iterated { node, .. } => Some(*node),
            Self::Left { node, .. } | Self::Retrying { node, .. } => Some(*node),
            Self::Retried { node } | Self::Caught { node, .. } => Some(*node),
        }
    }
}

impl Position {
    /// Let `step` happen; contents are carried by the event at `pos`. Cannot fail, and needs nothing else.
    pub fn apply(&mut self, step: &Move, pos: u64) {
        let carried = |content: &Option<Content>| content.as_ref().map(|content| content.carried_at(pos));
        match step {
            Move::Begun { next, value } => {
                self.begun = true;
                self.next = *next;
                self.flow(carried(value));
            }
            Move::Entered { node, at_ms, next, count, value, items } => {
                self.flow(carried(value));
                self.next = *next;
                let input = self.current.clone();
                let (items, since_ms, before) = (carried(items), *at_ms, *count > 0 && next.is_none());
                let frame = Frame { node: *node, count: *count, before, since_ms, input, items, ..Frame::default() };
                self.frames.push(frame);
            }
            Move::Blocked { node, at_ms, value } => {
                let input = carried(value).or_else(|| self.current.clone());
                let (phase, since_ms) = (Phase::Blocked, *at_ms);
                self.frames.push(Frame { node: *node, phase, since_ms, input, ..Frame::default() });
            }
            Move::Iterated { index, next, .. } => {
                self.next = Some(*next);
                self.innermost(|frame| (frame.index, frame.before) = (*index, false));
            }
            Move::Left { frames, next, value, context, .. } => {
                self.unwind(*frames);
                self.next = *next;
                self.flow(carried(value));
                self.context = carried(context).or_else(|| self.context.take());
            }
            Move::Retrying { at_ms, frames, next, error, .. } => {
                self.back_to_try(*frames, *next, error.carried_at(pos), Phase::Backoff);
                self.innermost(|frame| {
                    frame.tries = frame.tries.saturating_add(1);
                    if frame.failed_ms == 0 {
                        frame.failed_ms = *at_ms;
                    }
                });
            }
            Move::Retried { .. } => self.innermost(|frame| frame.phase = Phase::Body),
            Move::Caught { frames, next, error, .. } => {
                self.back_to_try(*frames, *next, error.carried_at(pos), Phase::Handler);
            }
        }
    }

    fn flow(&mut self, value: Option<Content>) {
        if value.is_some() {
            self.current = value;
        }
    }

    fn unwind(&mut self, frames: u32) {
        self.frames.truncate(self.frames.len().saturating_sub(frames as usize));
    }

    fn innermost(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.frames.last_mut() {
            change(frame);
        }
    }

    fn back_to_try(&mut self, frames: u32, next: u32, error: Content, phase: Phase) {
        self.unwind(frames);
        self.next = Some(next);
        self.current = self.frames.last().and_then(|frame| frame.input.clone()).or_else(|| self.current.take());
        self.innermost(|frame| {
            frame.phase = phase;
            frame.error = Some(error);
        });
    }
}
