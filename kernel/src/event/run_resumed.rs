//! A failed run goes on where it failed.

use super::{EventType, Place};
use crate::entity::{Run, RunStatus};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A failed run goes on where it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResumed {
    /// The task.
    pub task: Id,
    /// When, milliseconds since 1970: what it does has all its time again.
    pub at_ms: u64,
    /// When it is stopped for taking too long, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
}

impl EventType for RunResumed {
    const NAME: &'static str = "run.resumed";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Run(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Run>(Key::Run(self.task), |run| {
            run.status = Exclusive(RunStatus::Running);
            run.failure = Exclusive(None);
            run.deadline = Exclusive(self.deadline);
            run.position.again(self.at_ms);
        });
    }
}
