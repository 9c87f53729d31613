//! The outside world owes something from here on.

use super::{EventType, Place};
use crate::entity::{Call, CallStatus, Effect, Step};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// The outside world owes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectRequested {
    /// The task.
    pub task: Id,
    /// The effect.
    pub effect: Id,
    /// The step whose next model call it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Id>,
    /// The call that it performs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Id>,
    /// The approval that it gives notice of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Id>,
}

impl EventType for EffectRequested {
    const NAME: &'static str = "effect.requested";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Effect(self.effect)), Place::Control(Key::Ready(self.effect))];
        places.extend(self.step.map(|step| Place::Data(Key::Step(step))));
        places.extend(self.call.map(|call| Place::Data(Key::Call(call))));
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let effect = Effect {
            step: Exclusive(self.step),
            call: Exclusive(self.call),
            approval: Exclusive(self.approval),
            ..Effect::unclaimed()
        };
        to.put(Key::Effect(self.effect), effect);
        if let Some(step) = self.step {
            to.edit::<Step>(Key::Step(step), |step| {
                step.effect = Exclusive(self.effect);
                step.turns.add(1);
            });
        }
        if let Some(call) = self.call {
            to.edit::<Call>(Key::Call(call), |call| {
                call.status = Exclusive(CallStatus::Waiting);
                call.effect = Exclusive(Some(self.effect));
                call.attempts.add(1);
            });
        }
        to.mark(Key::Ready(self.effect));
    }
}
