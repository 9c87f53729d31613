//! The workspace is on its way to another host.

use super::{EventType, Place};
use crate::entity::Move;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// The workspace is to go to another host: nothing happens in it any more but what was under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceFrozen {
    /// Where it is to go.
    pub to: String,
}

impl EventType for WorkspaceFrozen {
    const NAME: &'static str = "workspace.frozen";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Move)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.put_control(Key::Move, Move { to: Lww(self.to.clone()), left: Lww(None), control: Lww(None) });
    }
}
