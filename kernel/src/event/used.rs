//! What a model call used: part of every event that takes a model's outcome.

use crate::entity::{Step, Task, Usage, is_default};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Counter;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// What a model call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Used {
    /// Tokens of the request, as the provider counted them.
    #[serde(default)]
    pub input_tokens: u64,
    /// Tokens of the answer, as the provider counted them.
    #[serde(default)]
    pub output_tokens: u64,
    /// What they cost by the provider's prices, in millionths of their currency, rounded up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cost_micros: u64,
}

impl Used {
    /// Add it to what the task, the step and the provider used.
    pub(super) fn apply(&self, to: &mut Writer<'_>, task: Id, step: Id, provider: Option<Id>) {
        if *self != Self::default() {
            to.edit::<Task>(Key::Task(task), |task| {
                task.input_tokens.add(self.input_tokens);
                task.output_tokens.add(self.output_tokens);
                task.cost_micros.add(self.cost_micros);
            });
        }
        // An event that does not name its provider was recorded before steps counted what they use.
        let Some(provider) = provider else { return };
        to.edit::<Step>(Key::Step(step), |step| {
            step.tokens.add(self.input_tokens.saturating_add(self.output_tokens));
            step.cost_micros.add(self.cost_micros);
        });
        let mut usage = to.control::<Usage>(Key::Usage(provider)).cloned().unwrap_or(Usage {
            calls: Counter(0),
            input_tokens: Counter(0),
            output_tokens: Counter(0),
            cost_micros: Counter(0),
        });
        usage.calls.add(1);
        usage.input_tokens.add(self.input_tokens);
        usage.output_tokens.add(self.output_tokens);
        usage.cost_micros.add(self.cost_micros);
        to.put_control(Key::Usage(provider), usage);
    }
}
