//! A call has a result, or will have none.

use super::{Closing, EventType, Place};
use crate::entity::{Call, CallStatus, Failure, Owner, Run};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A call has a result, or will have none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSettled {
    /// The task.
    pub task: Id,
    /// The call.
    pub call: Id,
    /// Who waited for it.
    pub owner: Owner,
    /// The attempt that brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    /// What came of it.
    pub outcome: CallOutcome,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum CallOutcome {
    /// It has a result.
    Done {
        /// The result, JSON.
        result: Content,
    },
    /// It failed for good.
    Failed {
        /// Kind of failure.
        class: String,
        /// What happened, for a person.
        detail: Content,
    },
    /// It was cancelled.
    Cancelled,
}

impl EventType for CallSettled {
    const NAME: &'static str = "call.settled";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Call(self.call))];
        if let Owner::Run(_) = self.owner {
            places.push(Place::Data(Key::Run(self.task)));
        }
        places.extend(self.closing.iter().flat_map(Closing::places));
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        to.edit::<Call>(Key::Call(self.call), |call| match &self.outcome {
            CallOutcome::Done { result } => {
                call.status = Exclusive(CallStatus::Done);
                call.result = Exclusive(Some(result.carried_at(pos)));
            }
            CallOutcome::Failed { class, detail } => {
                call.status = Exclusive(CallStatus::Failed);
                let detail = detail.carried_at(pos);
                call.failure = Exclusive(Some(Failure { class: class.clone(), detail }));
            }
            CallOutcome::Cancelled => call.status = Exclusive(CallStatus::Cancelled),
        });
        if let Some(closing) = &self.closing {
            closing.settle(to);
        }
        if let Owner::Run(_) = self.owner {
            to.edit::<Run>(Key::Run(self.task), |run| run.call = Exclusive(None));
        }
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        match &mut self.outcome {
            CallOutcome::Done { result } => vec![("result", result)],
            CallOutcome::Failed { detail, .. } => vec![("detail", detail)],
            CallOutcome::Cancelled => Vec::new(),
        }
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
