//! A step ends without the outcome of an effect: a limit, no progress, or a cancellation.

use super::{EventType, Place};
use crate::entity::{Failure, Step, StepStatus};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A step ends without an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStopped {
    /// The task.
    pub task: Id,
    /// The step.
    pub step: Id,
    /// Whether somebody cancelled it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Kind of failure.
    pub class: String,
    /// What happened, for a person; absent when the task's key was destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Content>,
}

impl EventType for StepStopped {
    const NAME: &'static str = "step.stopped";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Step(self.step))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let detail = self.detail.as_ref().map(|detail| detail.carried_at(to.pos()));
        let status = if self.cancelled { StepStatus::Cancelled } else { StepStatus::Failed };
        to.edit::<Step>(Key::Step(self.step), |step| {
            step.status = Exclusive(status);
            step.failure = Exclusive(detail.map(|detail| Failure { class: self.class.clone(), detail }));
        });
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        self.detail.as_mut().map(|detail| ("detail", detail)).into_iter().collect()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
