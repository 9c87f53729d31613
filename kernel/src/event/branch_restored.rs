//! A branch went back to an earlier position. Nothing is copied and nothing is cut off: a new line begins.

use super::{EventType, Place};
use crate::entity::{Base, Branch, Earlier, is_default};
use crate::key::{BranchId, Key};
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A branch went back to an earlier position: its next incarnation stands on what it was there. Control stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchRestored {
    /// The branch.
    pub branch: BranchId,
    /// The incarnation that begins.
    pub incarnation: u32,
    /// What it stands on.
    pub base: Base,
    /// Whether work was under way that somebody has to decide about.
    #[serde(default, skip_serializing_if = "is_default")]
    pub held: bool,
}

impl EventType for BranchRestored {
    const NAME: &'static str = "branch.restored";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Branch(self.branch))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let until = to.pos().saturating_sub(1);
        to.edit_control::<Branch>(Key::Branch(self.branch), |branch| {
            branch.earlier.push(Earlier { until, base: branch.base.take() });
            branch.incarnation = Lww(self.incarnation);
            branch.base = Lww(Some(self.base.clone()));
            branch.held = Lww(self.held);
        });
        to.stands_on(self.base.parent);
    }
}
