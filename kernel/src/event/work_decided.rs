//! Somebody decided what becomes of something that was under way at a restore.

use super::{EventType, Place};
use crate::entity::{Choice, Restored};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Somebody decided what becomes of it. What follows from that stands in the events behind this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDecided {
    /// An effect, an approval, or the task of a run.
    pub item: Id,
    /// What becomes of it.
    pub choice: Choice,
    /// Who decided.
    pub by: String,
}

impl EventType for WorkDecided {
    const NAME: &'static str = "work.decided";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Restored(self.item))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Restored>(Key::Restored(self.item), |row| {
            row.choice = Lww(Some(self.choice));
            row.by = Lww(Some(self.by.clone()));
        });
    }
}
