//! The outcome of a step's effect was taken.

use super::{Closing, EventType, Place, Used};
use crate::entity::{Failure, Step, StepStatus, is_default};
use crate::id::{Id, RuntimeId};
use crate::key::Key;
use crate::merge::Exclusive;
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
    /// The provider that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Id>,
    /// What the call cost by the provider's prices, in millionths of their currency, rounded up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cost_micros: u64,
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
    /// A capability gave a result.
    Returned {
        /// The result, JSON.
        result: Content,
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
            Self::Returned { result } => vec![("result", result)],
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
            Self::Returned { .. } | Self::Failed { .. } => (0, 0),
        }
    }
}

impl StepSettled {
    fn closing(&self) -> Closing {
        let (effect, fence, expires_at) = (self.effect, self.fence, self.expires_at);
        Closing { effect, fence, runtime: Some(self.runtime), expires_at }
    }
}

impl EventType for StepSettled {
    const NAME: &'static str = "step.settled";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Task(self.task)), Place::Data(Key::Step(self.step))];
        places.extend(self.provider.map(|provider| Place::Control(Key::Usage(provider))));
        places.extend(self.closing().places());
        places
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
            Outcome::Returned { .. } | Outcome::Erased { .. } => step.status = Exclusive(StepStatus::Failed),
        });
        let (input_tokens, output_tokens) = self.outcome.tokens();
        let used = Used { input_tokens, output_tokens, cost_micros: self.cost_micros };
        used.apply(to, self.task, self.step, self.provider);
        self.closing().settle(to);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        self.outcome.contents()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
