//! Where requests of this workspace may go.

use super::{EventType, Place};
use crate::entity::Egress;
use crate::key::Key;
use crate::merge::Lww;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Requests of this workspace may go to these places and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressAllowed {
    /// A JSON object: `hosts` and `private`.
    pub rules: Content,
}

impl EventType for EgressAllowed {
    const NAME: &'static str = "egress.allowed";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Egress)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let rules = self.rules.carried_at(to.pos());
        to.put_control(Key::Egress, Egress { rules: Lww(Some(rules)) });
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("rules", &mut self.rules)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Workspace)
    }
}
