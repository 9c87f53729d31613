//! `effect.report`: a runtime tells what came of an effect. It happened, so it is kept whatever is decided.

use super::{Context, Decide, Decision, Draft, TEXT_MAX};
use crate::entity::{Effect, Lease, LeaseStatus, Step};
use crate::event::{Outcome, ReportLate, StepSettled};
use crate::id::{BootId, Id, RuntimeId};
use crate::key::Key;
use crate::reject::{Code, Rejection, amount, word};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::Deserialize;

/// What came of an effect. It advances the task when the reporter's lease is still the effect's newest; else it is kept
/// as late.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectReport {
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
    /// The effect.
    pub effect: Id,
    /// The fencing token it holds.
    pub fence: u64,
    /// What came of it.
    pub outcome: Reported,
}

/// What came of an effect, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", deny_unknown_fields)]
pub enum Reported {
    /// The model answered.
    Answered {
        /// What it said.
        text: String,
        /// Why it stopped.
        stop: String,
        /// Tokens of the request.
        #[serde(default)]
        input_tokens: u64,
        /// Tokens of the answer.
        #[serde(default)]
        output_tokens: u64,
    },
    /// There will be no answer.
    Failed {
        /// Kind of failure.
        class: String,
        /// What happened.
        detail: String,
    },
}

impl Decide for EffectReport {
    const NAME: &'static str = "effect.report";
    const SCOPE: &'static str = "effects:perform";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        self.outcome.check()?;
        let unknown = || Halt::from(Code::NotFound.because(format!("there is no effect {}", self.effect)));
        let effect = with.read.data::<Effect>(Key::Effect(self.effect))?.ok_or_else(unknown)?;
        let step = with.read.data::<Step>(Key::Step(*effect.step))?.ok_or_else(unknown)?;
        let lease = with.read.control::<Lease>(Key::Lease(self.effect))?;
        let lease = lease.ok_or_else(|| Code::NotFound.because("the effect was never leased"))?;
        let data = if effect.settled_by.is_none() && self.holds(lease) {
            self.settled(*step.task, *effect.step, lease).into()
        } else {
            self.late(*step.task).into()
        };
        let (causes, root) = (vec![self.effect.command], Some(self.effect.command));
        let draft = Draft { data, causes, root, read: Vec::new() };
        Ok(Decision::one(draft, Vec::new()))
    }
}

impl EffectReport {
    /// A lost lease still has authority while nobody took the effect again: its token is the newest.
    fn holds(&self, lease: &Lease) -> bool {
        *lease.status != LeaseStatus::Closed
            && *lease.fence == self.fence
            && *lease.runtime == self.runtime
            && *lease.boot == self.boot
    }

    fn settled(&self, task: Id, step: Id, lease: &Lease) -> StepSettled {
        StepSettled {
            task,
            step,
            effect: self.effect,
            fence: self.fence,
            runtime: self.runtime,
            expires_at: *lease.expires_at,
            outcome: self.outcome.content(),
        }
    }

    fn late(&self, task: Id) -> ReportLate {
        ReportLate {
            task,
            effect: self.effect,
            runtime: self.runtime,
            boot: self.boot,
            fence: self.fence,
            outcome: self.outcome.content(),
        }
    }
}

impl Reported {
    /// Text that came from outside is taken as it is; only its size is bounded.
    fn check(&self) -> Result<(), Rejection> {
        let (text, name) = match self {
            Self::Answered { text, stop, input_tokens, output_tokens } => {
                word("stop", stop, 32)?;
                amount("input_tokens", *input_tokens)?;
                amount("output_tokens", *output_tokens)?;
                (text, "text")
            }
            Self::Failed { class, detail } => {
                word("class", class, 32)?;
                (detail, "detail")
            }
        };
        if text.len() > TEXT_MAX {
            return Err(
                Code::TooLong.because(format!("{name} has {} bytes; at most {TEXT_MAX} are allowed", text.len()))
            );
        }
        Ok(())
    }

    fn content(&self) -> Outcome {
        match self {
            Self::Answered { text, stop, input_tokens, output_tokens } => Outcome::Answered {
                text: Content::plain(text),
                stop: stop.clone(),
                input_tokens: *input_tokens,
                output_tokens: *output_tokens,
            },
            Self::Failed { class, detail } => Outcome::Failed { class: class.clone(), detail: Content::plain(detail) },
        }
    }
}
