//! A runtime no longer holds a lease; whether the effect took place is in doubt.

use super::{EventType, Place};
use crate::entity::{Lease, LeaseStatus};
use crate::id::{Id, RuntimeId};
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A runtime no longer holds a lease. The effect waits for a runtime again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseLost {
    /// The effect.
    pub effect: Id,
    /// The runtime that held it.
    pub runtime: RuntimeId,
    /// Its fencing token.
    pub fence: u64,
    /// When it would have expired.
    pub expires_at: u64,
    /// Why it was lost.
    pub because: LostBecause,
}

/// Why a lease was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostBecause {
    /// The runtime's process is another one now.
    Restarted,
    /// Its time was over.
    Expired,
}

impl EventType for LeaseLost {
    const NAME: &'static str = "lease.lost";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![
            Place::Control(Key::Lease(self.effect)),
            Place::Control(Key::Leased(self.runtime, self.effect)),
            Place::Control(Key::Expiry(self.expires_at, self.effect)),
            Place::Control(Key::Ready(self.effect)),
        ]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Lease>(Key::Lease(self.effect), |lease| {
            lease.status = Lww(LeaseStatus::Lost);
            lease.lost.add(1);
        });
        to.unmark(Key::Leased(self.runtime, self.effect));
        to.unmark(Key::Expiry(self.expires_at, self.effect));
        to.mark(Key::Ready(self.effect));
    }
}
