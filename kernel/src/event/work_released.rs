//! What was held after a restore goes on.

use super::{EventType, Place};
use crate::entity::Branch;
use crate::key::{BranchId, Key};
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Everything that was under way at a restore is decided, and what is owed to the outside is owed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkReleased {
    /// The branch.
    pub branch: BranchId,
    /// Its incarnation.
    pub incarnation: u32,
}

impl EventType for WorkReleased {
    const NAME: &'static str = "work.released";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Branch(self.branch))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Branch>(Key::Branch(self.branch), |branch| branch.held = Lww(false));
    }
}
