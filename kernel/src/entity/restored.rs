//! What was under way at a restore, and what somebody decided about it. In control: no later restore forgets it.

use super::entity;
use crate::id::Id;
use crate::merge::{Exclusive, Lww};
use serde::{Deserialize, Serialize};

/// What has to be said about something that was under way at a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The data wait for it as they did at the position that was restored: somebody decides what becomes of it.
    #[default]
    Undecided,
    /// It stands in control as it stood there, and goes on when the work is released.
    GoesOn,
    /// The data do not know it: it was asked for later, on the line that was left, and is given up.
    Left,
}

/// What becomes of something that was under way at a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// What came of it on a line that was left counts here, too.
    Take,
    /// It is done again, to the outside under the same idempotency key.
    Again,
    /// It is given up: what waited for it fails.
    GiveUp,
}

entity! {
    /// Something that was under way at a restore: an effect, an approval, or a run that waited for a time.
    Restored { always {
        /// The task it belongs to.
        task: Exclusive<Id>,
        /// The incarnation that the restore began.
        incarnation: Lww<u32>,
    } may {
        /// What has to be said about it.
        standing: Lww<Standing>,
        /// Fencing token of its newest attempt; from 1 on, it may have taken place outside.
        fence: Lww<u64>,
        /// The time a run waited for, milliseconds since 1970.
        at: Lww<Option<u64>>,
        /// What somebody decided.
        choice: Lww<Option<Choice>>,
        /// Who.
        by: Lww<Option<String>>,
    } }
}
