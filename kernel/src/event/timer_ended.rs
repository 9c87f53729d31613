//! What was due at a time came, or is not wanted any more.

use super::{EventType, Place};
use crate::id::Id;
use crate::key::Key;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// What was due at a time came, or is not wanted any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerEnded {
    /// When it was due, milliseconds since 1970.
    pub at: u64,
    /// What.
    pub id: Id,
}

impl EventType for TimerEnded {
    const NAME: &'static str = "timer.ended";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Due(self.at, self.id))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.unmark(Key::Due(self.at, self.id));
    }
}
