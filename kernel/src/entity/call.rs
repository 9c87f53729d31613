//! Calls: every use of a capability, by a workflow or by an agent.

use super::{Failure, entity};
use crate::id::Id;
use crate::merge::{Counter, Exclusive};
use crate::seal::Content;
use serde::{Deserialize, Serialize};

/// Who waits for the result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A workflow, at one of its nodes.
    Run(u32),
    /// A step of an agent.
    Step(Id),
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// Its effect or its agent is outstanding.
    #[default]
    Waiting,
    /// It waits for a person.
    Asking,
    /// It has a result.
    Done,
    /// It failed for good.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl CallStatus {
    /// Whether nothing is awaited any more.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Asking)
    }
}

/// What is done when nobody knows whether an attempt took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// It is done again under the same idempotency key: doing it twice is as doing it once.
    #[default]
    Retry,
    /// A person is asked.
    Ask,
    /// It has failed.
    Fail,
}

entity! {
    /// A use of a capability.
    Call { always {
        /// The task it belongs to.
        task: Exclusive<Id>,
        /// Who waits for its result.
        owner: Exclusive<Owner>,
        /// Name of the capability.
        capability: Exclusive<String>,
    } may {
        /// What it is given, JSON.
        arguments: Exclusive<Option<Content>>,
        /// The model's own name for it.
        tool: Exclusive<Option<Content>>,
        /// Where it stands.
        status: Exclusive<CallStatus>,
        /// What is done when an attempt is in doubt.
        idempotency: Exclusive<Idempotency>,
        /// The newest effect that performs it.
        effect: Exclusive<Option<Id>>,
        /// The newest approval it waits or waited for.
        approval: Exclusive<Option<Id>>,
        /// The step of the agent that is asked.
        step: Exclusive<Option<Id>>,
        /// What came of it, JSON.
        result: Exclusive<Option<Content>>,
        /// Why nothing came of it.
        failure: Exclusive<Option<Failure>>,
        /// How many effects were made for it.
        attempts: Counter,
    } }
}
