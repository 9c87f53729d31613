//! A task began.

use super::{EventType, Place};
use crate::entity::Task;
use crate::id::Id;
use crate::key::Key;
use crate::merge::{Counter, Exclusive, Lww};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A task began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCreated {
    /// The task.
    pub task: Id,
    /// What it is about.
    pub title: Content,
}

impl EventType for TaskCreated {
    const NAME: &'static str = "task.created";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Task(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let task = Task {
            title: Lww(Some(self.title.carried_at(to.pos()))),
            last_step: Exclusive(None),
            steps: Counter(0),
            input_tokens: Counter(0),
            output_tokens: Counter(0),
            cost_micros: Counter(0),
            workflow: Exclusive(None),
            cancelled: Exclusive(false),
        };
        to.put(Key::Task(self.task), task);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("title", &mut self.title)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
