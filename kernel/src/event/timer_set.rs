//! Something is due at a time.

use super::{EventType, Place};
use crate::id::Id;
use crate::key::Key;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Something is due at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSet {
    /// When, milliseconds since 1970.
    pub at: u64,
    /// What: an effect, an approval, or the task of a run.
    pub id: Id,
}

impl EventType for TimerSet {
    const NAME: &'static str = "timer.set";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Due(self.at, self.id))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.mark(Key::Due(self.at, self.id));
    }
}
