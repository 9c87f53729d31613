//! A runtime goes on with an effect.

use super::{EventType, Place};
use crate::entity::Lease;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A runtime goes on with an effect: its lease expires later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRenewed {
    /// The effect.
    pub effect: Id,
    /// When the lease would have expired.
    pub expired_at: u64,
    /// When it expires now.
    pub expires_at: u64,
}

impl EventType for LeaseRenewed {
    const NAME: &'static str = "lease.renewed";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![
            Place::Control(Key::Lease(self.effect)),
            Place::Control(Key::Expiry(self.expired_at, self.effect)),
            Place::Control(Key::Expiry(self.expires_at, self.effect)),
        ]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<Lease>(Key::Lease(self.effect), |lease| lease.expires_at = Lww(self.expires_at));
        to.unmark(Key::Expiry(self.expired_at, self.effect));
        to.mark(Key::Expiry(self.expires_at, self.effect));
    }
}
