//! A workflow begins.

use super::{EventType, Place};
use crate::entity::{Run, RunStatus, Task};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use crate::workflow::run::Position;
use serde::{Deserialize, Serialize};

/// A workflow begins, as a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The task, which is also the run.
    pub task: Id,
    /// The workflow.
    pub workflow: Id,
    /// When, milliseconds since 1970.
    pub started_at: u64,
    /// When it is stopped for taking too long, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// What it is given, JSON.
    pub input: Content,
}

impl EventType for RunStarted {
    const NAME: &'static str = "run.started";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Run(self.task)), Place::Data(Key::Task(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let input = self.input.carried_at(to.pos());
        let run = Run {
            workflow: Exclusive(self.workflow),
            started_at: Exclusive(self.started_at),
            position: Exclusive(Position::begin(input)),
            status: Exclusive(RunStatus::Running),
            call: Exclusive(None),
            due: Exclusive(None),
            deadline: Exclusive(self.deadline),
            output: Exclusive(None),
            failure: Exclusive(None),
        };
        to.put(Key::Run(self.task), run);
        to.edit::<Task>(Key::Task(self.task), |task| task.workflow = Exclusive(Some(self.workflow)));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("input", &mut self.input)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
