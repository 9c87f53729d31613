//! The work waits for a person.

use super::{EventType, Place};
use crate::entity::{Approval, ApprovalKind};
use crate::hash::HashText;
use crate::id::Id;
use crate::key::Key;
use crate::merge::{Exclusive, Lww};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// The work waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequested {
    /// The approval.
    pub approval: Id,
    /// The task that waits.
    pub task: Id,
    /// The call that waits.
    pub call: Id,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// Hash over exactly what is to be decided.
    pub digest: HashText,
    /// When, milliseconds since 1970.
    pub asked_at: u64,
    /// When it gives up waiting, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// When somebody else is told, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates_at: Option<u64>,
    /// What is to be approved, JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Content>,
    /// What a person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Content>,
    /// Answers to choose from, a JSON array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Content>,
    /// JSON Schema of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Content>,
    /// What counts as decided when nobody decides in time, JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Content>,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates_to: Option<Content>,
}

impl EventType for ApprovalRequested {
    const NAME: &'static str = "approval.requested";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Approval(self.approval)), Place::Control(Key::Open(self.approval))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let carried = |content: &Option<Content>| Exclusive(content.as_ref().map(|content| content.carried_at(pos)));
        let approval = Approval {
            task: Exclusive(self.task),
            call: Exclusive(self.call),
            kind: Exclusive(self.kind),
            digest: Exclusive(self.digest),
            asked_at: Exclusive(self.asked_at),
            value: carried(&self.value),
            question: carried(&self.question),
            options: carried(&self.options),
            schema: carried(&self.schema),
            expires_at: Exclusive(self.expires_at),
            otherwise: carried(&self.otherwise),
            escalates_at: Exclusive(self.escalates_at),
            escalates_to: carried(&self.escalates_to),
            escalated: Lww(false),
            decision: Exclusive(None),
            by: Exclusive(None),
            reason: Exclusive(None),
            answer: Exclusive(None),
        };
        to.put_control(Key::Approval(self.approval), approval);
        to.mark(Key::Open(self.approval));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let fields = [
            ("value", &mut self.value),
            ("question", &mut self.question),
            ("options", &mut self.options),
            ("schema", &mut self.schema),
            ("otherwise", &mut self.otherwise),
            ("escalates_to", &mut self.escalates_to),
        ];
        fields.into_iter().filter_map(|(name, content)| content.as_mut().map(|content| (name, content))).collect()
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
