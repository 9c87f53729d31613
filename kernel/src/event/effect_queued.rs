//! An effect waits for a runtime again.

use super::{EventType, Place};
use crate::entity::Effect;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
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
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Effect(self.effect)), Place::Control(Key::Ready(self.effect))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Effect>(Key::Effect(self.effect), |effect| effect.due = Exclusive(None));
        to.mark(Key::Ready(self.effect));
    }
}
