//! A run went on within its workflow.

use super::{EventType, Place};
use crate::entity::Run;
use crate::id::Id;
use crate::key::Key;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use crate::workflow::run::Move;
use serde::{Deserialize, Serialize};

/// A run went on within its workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMoved {
    /// The task.
    pub task: Id,
    /// How.
    #[serde(flatten)]
    pub step: Move,
}

impl EventType for RunMoved {
    const NAME: &'static str = "run.moved";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Run(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        to.edit::<Run>(Key::Run(self.task), |run| run.position.apply(&self.step, pos));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        self.step.contents()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
