//! Tasks, their steps, and the model calls of a step.

use super::entity;
use crate::id::Id;
use crate::merge::{Append, Counter, Exclusive, Lww};
use crate::seal::Content;
use serde::{Deserialize, Serialize};

entity! {
    /// A task: a conversation of steps with an aim.
    Task { always {} may {
        /// What it is about.
        title: Lww<Option<Content>>,
        /// The newest step; each step names the one before it.
        last_step: Exclusive<Option<Id>>,
        /// How many steps it has.
        steps: Counter,
        /// Tokens its requests had, as counted by providers.
        input_tokens: Counter,
        /// Tokens its answers had, as counted by providers.
        output_tokens: Counter,
        /// What its model calls cost, in millionths of a currency.
        cost_micros: Counter,
        /// The workflow it performs; none for a conversation.
        workflow: Exclusive<Option<Id>>,
        /// Whether it was cancelled.
        cancelled: Exclusive<bool>,
    } }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Its effect is outstanding.
    #[default]
    Waiting,
    /// It has an answer.
    Answered,
    /// It failed for good.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// Why an effect failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failure {
    /// Kind of failure, a stable word of the provider contract.
    pub class: String,
    /// What happened, for a person.
    pub detail: Content,
}

entity! {
    /// One step of a task: a request to an agent, and its answer.
    Step { always {
        /// The task it belongs to.
        task: Exclusive<Id>,
        /// The agent that is asked.
        agent: Exclusive<Id>,
        /// The effect that gets the model's next words.
        effect: Exclusive<Id>,
    } may {
        /// The step before it.
        previous: Exclusive<Option<Id>>,
        /// What was asked.
        prompt: Exclusive<Option<Content>>,
        /// Most tokens the answer may have.
        max_tokens: Exclusive<Option<u64>>,
        /// Where it stands.
        status: Exclusive<StepStatus>,
        /// The answer.
        answer: Exclusive<Option<Content>>,
        /// Why the model stopped, a stable word of the provider contract.
        stop: Exclusive<Option<String>>,
        /// Why there is no answer.
        failure: Exclusive<Option<Failure>>,
        /// The call that waits for the answer.
        call: Exclusive<Option<Id>>,
        /// JSON Schema of the answer.
        schema: Exclusive<Option<Content>>,
        /// The newest model call that did not end it; each names the one before it.
        turn: Exclusive<Option<Id>>,
        /// How many model calls it has.
        turns: Counter,
        /// How many answers were sent back for not being what was asked for.
        repairs: Counter,
        /// Tokens its model calls had.
        tokens: Counter,
        /// What they cost, in millionths of a currency.
        cost_micros: Counter,
        /// When it was asked, milliseconds since 1970.
        asked_at: Exclusive<u64>,
    } }
}

entity! {
    /// A model call of a step that did not end it: the model asked for tools, or its answer was sent back.
    Turn { always {
        /// The step.
        step: Exclusive<Id>,
    } may {
        /// The one before it.
        previous: Exclusive<Option<Id>>,
        /// What the model said.
        text: Exclusive<Option<Content>>,
        /// The calls it asked for.
        calls: Append<Id>,
        /// What it is told about its answer.
        remark: Exclusive<Option<Content>>,
    } }
}
