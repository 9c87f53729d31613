//! Points at which the work waits for a person. They are in control: what was approved stays approved, and only once.

use super::entity;
use crate::hash::HashText;
use crate::id::Id;
use crate::merge::{Exclusive, Lww};
use crate::seal::Content;
use serde::{Deserialize, Serialize};

/// What a person is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// Whether exactly these bytes may go on.
    Approval,
    /// Something only a person knows.
    Question,
    /// What to do about a call of which nobody knows whether it took effect.
    Doubt,
}

/// What a person, or the time, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on with exactly these bytes.
    Approved,
    /// Go on with other bytes.
    Edited,
    /// Do not go on.
    Rejected,
    /// Here is the answer.
    Answered,
    /// Nobody decided in time.
    TimedOut,
    /// What waited for it is gone.
    Cancelled,
}

entity! {
    /// A point at which the work waits for a person.
    Approval { always {
        /// The task that waits.
        task: Exclusive<Id>,
        /// The call that waits.
        call: Exclusive<Id>,
        /// What is asked for.
        kind: Exclusive<ApprovalKind>,
        /// Hash over exactly what is to be decided.
        digest: Exclusive<HashText>,
        /// When it began to wait, milliseconds since 1970.
        asked_at: Exclusive<u64>,
    } may {
        /// What is to be approved, JSON.
        value: Exclusive<Option<Content>>,
        /// What a person is asked.
        question: Exclusive<Option<Content>>,
        /// Answers to choose from, a JSON array.
        options: Exclusive<Option<Content>>,
        /// JSON Schema of the answer.
        schema: Exclusive<Option<Content>>,
        /// When it gives up waiting, milliseconds since 1970.
        expires_at: Exclusive<Option<u64>>,
        /// What counts as decided then, JSON; without it the call fails.
        otherwise: Exclusive<Option<Content>>,
        /// When somebody else is told, milliseconds since 1970.
        escalates_at: Exclusive<Option<u64>>,
        /// Who is told then.
        escalates_to: Exclusive<Option<Content>>,
        /// Whether they were told.
        escalated: Lww<bool>,
        /// What was decided; none while it waits.
        decision: Exclusive<Option<Decision>>,
        /// Who decided.
        by: Exclusive<Option<String>>,
        /// Why.
        reason: Exclusive<Option<Content>>,
        /// The answer, or the bytes to go on with, JSON.
        answer: Exclusive<Option<Content>>,
    } }
}
