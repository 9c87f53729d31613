//! A run came to its end, one way or another.

use super::{EventType, Place};
use crate::entity::{Failure, Run, RunStatus};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A run came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// The task.
    pub task: Id,
    /// How.
    pub outcome: RunOutcome,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum RunOutcome {
    /// It came to its end.
    Done {
        /// What came of it, JSON.
        output: Content,
    },
    /// An error was not caught.
    Failed {
        /// The last part of the error's type.
        class: String,
        /// The error, JSON.
        detail: Content,
    },
    /// It was cancelled.
    Cancelled,
}

impl EventType for RunEnded {
    const NAME: &'static str = "run.ended";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Run(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        to.edit::<Run>(Key::Run(self.task), |run| {
            run.due = Exclusive(None);
            match &self.outcome {
                RunOutcome::Done { output } => {
                    run.status = Exclusive(RunStatus::Done);
                    run.output = Exclusive(Some(output.carried_at(pos)));
                }
                RunOutcome::Failed { class, detail } => {
                    run.status = Exclusive(RunStatus::Failed);
                    let detail = detail.carried_at(pos);
                    run.failure = Exclusive(Some(Failure { class: class.clone(), detail }));
                }
                RunOutcome::Cancelled => run.status = Exclusive(RunStatus::Cancelled),
            }
        });
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        match &mut self.outcome {
            RunOutcome::Done { output } => vec![("output", output)],
            RunOutcome::Failed { detail, .. } => vec![("detail", detail)],
            RunOutcome::Cancelled => Vec::new(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
