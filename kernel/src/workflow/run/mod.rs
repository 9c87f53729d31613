//! Performing a workflow: a pure function from where a run stands to what happens next.
//!
//! ```text
//!   Position ──next──► Move     (record it, apply it, ask again)
//!                 └──► Call     (record its move, ask for the capability, come back with `resumed`)
//!                 └──► Wait     (record its move, come back with `resumed` when it is time)
//!                 └──► Done, Failed
//! ```
//!
//! A [`Position`] holds numbers and contents, never names: it is a run's row. A [`Move`] is one entry of its journal and
//! holds only what is new, so that a loop over ten thousand items costs the same at every turn. Nothing is evaluated
//! again when a journal is replayed: [`Position::apply`] needs neither the workflow nor any value.

mod advance;
mod error;
mod leave;
mod moves;
mod position;
mod raise;
mod scope;
#[cfg(test)]
mod tests;
mod time;

pub use advance::{next, resumed};
pub use error::RunError;
pub use moves::Move;
pub use position::{Frame, Phase, Position};
pub use time::deadline;

use crate::seal::Content;
use crate::view::Halt;
use serde_json::Value;
use std::rc::Rc;

/// The deepest nesting of tasks that are being done at once.
pub const FRAMES_MAX: usize = 64;
/// The longest JSON of one value, in bytes.
pub const VALUE_MAX: usize = 1 << 20;
/// The most items of one loop.
pub const ITEMS_MAX: usize = 100_000;

/// Opens values.
pub trait Values {
    /// The JSON value in `content`.
    fn open(&self, content: &Content) -> Result<Rc<Value>, Halt>;
}

/// What is known beside the workflow and the position.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Id of the run.
    pub run: String,
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// When the run began, milliseconds since 1970.
    pub started_ms: u64,
    /// When all of it takes too long, milliseconds since 1970. A run that is tried again has all its time again.
    pub deadline: Option<u64>,
    /// For jitter.
    pub seed: u64,
}

/// What happens next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// This; then ask again.
    Move(Move),
    /// A capability is asked for; its outcome comes back by [`resumed`].
    Call {
        /// The move that leads to it.
        step: Move,
        /// The task of the workflow.
        node: u32,
        /// Name of the capability.
        capability: String,
        /// What it is given.
        arguments: Value,
    },
    /// Time goes by; then [`resumed`].
    Wait {
        /// The move that leads to it.
        step: Move,
        /// Until when, milliseconds since 1970.
        until_ms: u64,
    },
    /// The run came to its end.
    Done {
        /// What came of it.
        output: Value,
    },
    /// An error was not caught. The position stays where it is, so that the failed task can be tried again.
    Failed(RunError),
}
