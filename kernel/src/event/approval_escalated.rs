//! Nobody decided so far, and somebody else is told.

use super::{EventType, Place};
use crate::entity::Approval;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Nobody decided so far, and somebody else is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalEscalated {
    /// The approval.
    pub approval: Id,
}

impl EventType for ApprovalEscalated {
    const NAME: &'static str = "approval.escalated";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Approval(self.approval))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Approval>(Key::Approval(self.approval), |approval| approval.escalated = Lww(true));
    }
}
