//! A runtime may perform an effect.

use super::{EventType, Place};
use crate::entity::{Lease, LeaseStatus};
use crate::id::{BootId, Id, RuntimeId};
use crate::key::Key;
use crate::merge::{Counter, Lww};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A runtime may perform an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseGranted {
    /// The effect.
    pub effect: Id,
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
    /// Fencing token: how often the effect was leased.
    pub fence: u64,
    /// When the lease expires, milliseconds since 1970.
    pub expires_at: u64,
    /// An earlier attempt was lost: the effect may have taken place before, under the same idempotency key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
}

impl EventType for LeaseGranted {
    const NAME: &'static str = "lease.granted";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![
            Place::Control(Key::Lease(self.effect)),
            Place::Control(Key::Ready(self.effect)),
            Place::Control(Key::Leased(self.runtime, self.effect)),
            Place::Control(Key::Expiry(self.expires_at, self.effect)),
        ]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let before = to.control::<Lease>(Key::Lease(self.effect));
        let lease = Lease {
            runtime: Lww(self.runtime),
            boot: Lww(self.boot),
            fence: Lww(self.fence),
            expires_at: Lww(self.expires_at),
            status: Lww(LeaseStatus::Held),
            lost: before.map_or(Counter(0), |lease| lease.lost),
            late: before.map_or(Counter(0), |lease| lease.late),
        };
        to.put_control(Key::Lease(self.effect), lease);
        to.unmark(Key::Ready(self.effect));
        to.mark(Key::Leased(self.runtime, self.effect));
        to.mark(Key::Expiry(self.expires_at, self.effect));
    }
}
