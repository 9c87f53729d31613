//! A failed run goes on where it failed.

use crate::entity::{Run, RunStatus};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::state::Writer;
use serde::{Deserialize, Serialize};
use super::{EventType, Place};

/// A failed run goes on where it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResumed {
    /// The task.
    pub task: Id,
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
            run.position.again();
        });
    }
}
