//! The workspace stays where it is.

use super::{EventType, Place};
use crate::key::Key;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// The workspace stays after all, and goes on where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceUnfrozen {}

impl EventType for WorkspaceUnfrozen {
    const NAME: &'static str = "workspace.unfrozen";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Move)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.unmark(Key::Move);
    }
}
