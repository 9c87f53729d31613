//! The end of an attempt: part of every event that takes an outcome or gives an effect up.

use super::Place;
use crate::entity::{Effect, Lease, LeaseStatus};
use crate::id::{Id, RuntimeId};
use crate::key::Key;
use crate::merge::{Exclusive, Lww};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Which attempt of which effect is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The effect.
    pub effect: Id,
    /// Fencing token of its newest attempt; 0 when there was none.
    pub fence: u64,
    /// The runtime of that attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeId>,
    /// When its lease would have expired.
    #[serde(default, skip_serializing_if = "crate::entity::is_default")]
    pub expires_at: u64,
}

impl Closing {
    /// The end of the attempt that `lease` stands for.
    pub fn of(effect: Id, lease: Option<&Lease>) -> Self {
        Self {
            effect,
            fence: lease.map_or(0, |lease| *lease.fence),
            runtime: lease.map(|lease| *lease.runtime),
            expires_at: lease.map_or(0, |lease| *lease.expires_at),
        }
    }

    pub(super) fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Effect(self.effect))];
        places.extend(self.places_in_control());
        places
    }

    pub(super) fn places_in_control(&self) -> Vec<Place> {
        let mut places = vec![Place::Control(Key::Lease(self.effect)), Place::Control(Key::Ready(self.effect))];
        if let Some(runtime) = self.runtime {
            places.push(Place::Control(Key::Leased(runtime, self.effect)));
            places.push(Place::Control(Key::Expiry(self.expires_at, self.effect)));
        }
        places
    }

    /// The effect is settled: no later report counts.
    pub(super) fn settle(&self, to: &mut Writer<'_>) {
        to.edit::<Effect>(Key::Effect(self.effect), |effect| {
            effect.settled_by = Exclusive(Some(self.fence));
            effect.due = Exclusive(None);
        });
        self.release(to);
    }

    /// The attempt is over; the effect may be tried again.
    pub(super) fn release(&self, to: &mut Writer<'_>) {
        to.edit_control::<Lease>(Key::Lease(self.effect), |lease| lease.status = Lww(LeaseStatus::Closed));
        if let Some(runtime) = self.runtime {
            to.unmark(Key::Leased(runtime, self.effect));
            to.unmark(Key::Expiry(self.expires_at, self.effect));
        }
        // A lease that was lost but not yet taken again had put the effect back.
        to.unmark(Key::Ready(self.effect));
    }
}
