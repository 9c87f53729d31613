//! An effect waits for a runtime again.

use super::{EventType, Place};
use crate::id::Id;
use crate::key::Key;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// An effect whose time came waits for a runtime again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectQueued {
    /// The effect.
    pub effect: Id,
}

impl EventType for EffectQueued {
    const NAME: &'static str = "effect.queued";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Ready(self.effect))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.mark(Key::Ready(self.effect));
    }
}
