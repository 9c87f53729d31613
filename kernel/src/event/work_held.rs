//! What was under way at a restore is held, and listed.

use super::{Closing, EventType, Place};
use crate::entity::{Lease, Restored, Standing, is_default};
use crate::id::{Id, Role, RuntimeId};
use crate::key::Key;
use crate::merge::{Exclusive, Lww};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// What was under way at a restore is held: leases are over, and nothing waits for a runtime any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkHeld {
    /// The incarnation of the branch that the restore began.
    pub incarnation: u32,
    /// What was under way.
    pub items: Vec<HeldItem>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldItem {
    /// An effect, an approval, or the task of a run that waited for a time.
    pub item: Id,
    /// The task it belongs to.
    pub task: Id,
    /// What has to be said about it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub standing: Standing,
    /// Fencing token of an effect's newest attempt; 0 when there was none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fence: u64,
    /// The runtime of that attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeId>,
    /// When its lease would have expired.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires_at: u64,
    /// The time a run waited for, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

impl HeldItem {
    /// How it is listed, in the incarnation that a restore began.
    pub fn row(&self, incarnation: u32) -> Restored {
        Restored {
            task: Exclusive(self.task),
            incarnation: Lww(incarnation),
            standing: Lww(self.standing),
            fence: Lww(self.fence),
            at: Lww(self.at),
            choice: Lww(None),
            by: Lww(None),
        }
    }

    /// The end of an effect's newest attempt.
    fn closing(&self) -> Option<Closing> {
        let Self { item: effect, fence, runtime, expires_at, .. } = *self;
        (effect.role == Role::Effect).then_some(Closing { effect, fence, runtime, expires_at })
    }
}

impl EventType for WorkHeld {
    const NAME: &'static str = "work.held";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for item in &self.items {
            places.push(Place::Control(Key::Restored(item.item)));
            places.extend(item.closing().iter().flat_map(Closing::places_in_control));
        }
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        for item in &self.items {
            to.put_control(Key::Restored(item.item), item.row(self.incarnation));
            let Some(closing) = item.closing() else { continue };
            closing.release(to);
            // Whoever performed it cannot report it any more, so whether it took place is in doubt.
            to.edit_control::<Lease>(Key::Lease(item.item), |lease| lease.lost.add(1));
        }
    }
}
