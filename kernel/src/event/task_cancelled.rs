//! Nobody wants a task any more.

use super::{EventType, Place};
use crate::entity::Task;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Nobody wants a task any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCancelled {
    /// The task.
    pub task: Id,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Content>,
}

impl EventType for TaskCancelled {
    const NAME: &'static str = "task.cancelled";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Task(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Task>(Key::Task(self.task), |task| task.cancelled = Exclusive(true));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        self.reason.as_mut().map(|reason| ("reason", reason)).into_iter().collect()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
