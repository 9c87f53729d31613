//! A failed step is tried again from its last model call on.

use super::{EventType, Place};
use crate::entity::{Step, StepStatus};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A failed step is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResumed {
    /// The task.
    pub task: Id,
    /// The step.
    pub step: Id,
    /// When, milliseconds since 1970: its time begins anew.
    pub asked_at: u64,
}

impl EventType for StepResumed {
    const NAME: &'static str = "step.resumed";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Step(self.step))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Step>(Key::Step(self.step), |step| {
            step.status = Exclusive(StepStatus::Waiting);
            step.failure = Exclusive(None);
            step.asked_at = Exclusive(self.asked_at);
        });
    }
}
