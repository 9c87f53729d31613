//! The workspace went to another host: the last event of its log here.

use super::{EventType, Place};
use crate::entity::Move;
use crate::hash::HashText;
use crate::key::{Key, Space};
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The workspace went to another host, as it was before this event. Nothing follows it here, and its stored bytes prove
/// there that this is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceLeft {
    /// Where it went.
    pub to: String,
    /// Position up to which it is there.
    pub pos: u64,
    /// Its roots at that position.
    pub roots: BTreeMap<Space, HashText>,
}

impl EventType for WorkspaceLeft {
    const NAME: &'static str = "workspace.left";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Move)]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let left = Lww(Some(self.pos));
        to.put_control(Key::Move, Move { to: Lww(self.to.clone()), left, control: Lww(None) });
    }
}
