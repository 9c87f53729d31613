//! What an imported workspace owes the outside world is owed here.

use super::{EventType, Place};
use crate::entity::Origin;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A person says that this incarnation goes on: its effects are held no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceAdopted {
    /// The incarnation.
    pub incarnation: u32,
}

impl EventType for WorkspaceAdopted {
    const NAME: &'static str = "workspace.adopted";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Origin)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Origin>(Key::Origin, |origin| origin.held = Lww(false));
    }
}
