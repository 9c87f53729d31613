//! The outcome of a step's effect was taken.

use super::{EventType, Place};
use crate::entity::{Effect, Failure, Lease, LeaseStatus, Step, StepStatus, Task};
use crate::id::{Id, RuntimeId};
use crate::key::Key;
use crate::merge::{Exclusive, Lww};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// The outcome of a step's effect was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSettled {
    /// The task.
    pub task: Id,
    /// The step.
    pub step: Id,
    /// The effect.
    pub effect: Id,
    /// Fencing token under which it was performed.
    pub fence: u64,
    /// The runtime that performed it.
    pub runtime: RuntimeId,
    /// When the lease would have expired.
    pub expires_at: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Outcome {
    /// The model answered.
    Answered {
        /// What it said.
        text: Content,
        /// Why it stopped.
        stop: String,
        /// Tokens of the request, as the provider counted them.
        #[serde(default)]
        input_tokens: u64,
        /// Tokens of the answer, as the provider counted them.
        #[serde(default)]
        output_tokens: u64,
    },
    /// There will be no answer.
    Failed {
        /// Kind of failure.
        class: String,
        /// What happened, for a person.
        detail: Content,
    },
    /// What came of it cannot be kept: the task's key was destroyed.
    Erased {
        /// Tokens of the request, as the provider counted them.
        #[serde(default)]
        input_tokens: u64,
        /// Tokens of the answer, as the provider counted them.
        #[serde(default)]
        output_tokens: u64,
    },
}

impl Outcome {
    /// Its content by field name.
    pub fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        match self {
            Self::Answered { text, .. } => vec![("text", text)],
            Self::Failed { detail, .. } => vec![("detail", detail)],
            Self::Erased { .. } => Vec::new(),
        }
    }

    /// Tokens of the request and of the answer.
    fn tokens(&self) -> (u64, u64) {
        match self {
            Self::Answered { input_tokens, output_tokens, .. } | Self::Erased { input_tokens, output_tokens } => {
                (*input_tokens, *output_tokens)
            }
            Self::Failed { .. } => (0, 0),
        }
    }
}

impl EventType for StepSettled {
    const NAME: &'static str = "step.settled";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![
            Place::Data(Key::Task(self.task)),
            Place::Data(Key::Step(self.step)),
            Place::Data(Key::Effect(self.effect)),
            Place::Control(Key::Lease(self.effect)),
            Place::Control(Key::Leased(self.runtime, self.effect)),
            Place::Control(Key::Expiry(self.expires_at, self.effect)),
            Place::Control(Key::Ready(self.effect)),
        ]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        to.edit::<Step>(Key::Step(self.step), |step| match &self.outcome {
            Outcome::Answered { text, stop, .. } => {
                step.status = Exclusive(StepStatus::Answered);
                step.answer = Exclusive(Some(text.carried_at(pos)));
                step.stop = Exclusive(Some(stop.clone()));
            }
            Outcome::Failed { class, detail } => {
                step.status = Exclusive(StepStatus::Failed);
                let detail = detail.carried_at(pos);
                step.failure = Exclusive(Some(Failure { class: class.clone(), detail }));
            }
            Outcome::Erased { .. } => step.status = Exclusive(StepStatus::Failed),
        });
        let (input_tokens, output_tokens) = self.outcome.tokens();
        if (input_tokens, output_tokens) != (0, 0) {
            to.edit::<Task>(Key::Task(self.task), |task| {
                task.input_tokens.add(input_tokens);
                task.output_tokens.add(output_tokens);
            });
        }
        to.edit::<Effect>(Key::Effect(self.effect), |effect| effect.settled_by = Exclusive(Some(self.fence)));
        to.edit_control::<Lease>(Key::Lease(self.effect), |lease| lease.status = Lww(LeaseStatus::Closed));
        to.unmark(Key::Leased(self.runtime, self.effect));
        to.unmark(Key::Expiry(self.expires_at, self.effect));
        // A lease that was lost but not yet taken again had put the effect back.
        to.unmark(Key::Ready(self.effect));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        self.outcome.contents()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
