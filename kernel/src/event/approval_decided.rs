//! A person, or the time, decided.

use super::{EventType, Place};
use crate::entity::{Approval, Decision};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A person, or the time, decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDecided {
    /// The approval.
    pub approval: Id,
    /// The task that waited.
    pub task: Id,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Content>,
    /// The answer, or the bytes to go on with, JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Content>,
}

impl EventType for ApprovalDecided {
    const NAME: &'static str = "approval.decided";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Approval(self.approval)), Place::Control(Key::Open(self.approval))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        to.edit_control::<Approval>(Key::Approval(self.approval), |approval| {
            approval.decision = Exclusive(Some(self.decision));
            approval.by = Exclusive(Some(self.by.clone()));
            approval.reason = Exclusive(self.reason.as_ref().map(|reason| reason.carried_at(pos)));
            approval.answer = Exclusive(self.answer.as_ref().map(|answer| answer.carried_at(pos)));
        });
        to.unmark(Key::Open(self.approval));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = Vec::new();
        contents.extend(self.reason.as_mut().map(|reason| ("reason", reason)));
        contents.extend(self.answer.as_mut().map(|answer| ("answer", answer)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
