//! A call waits for a person.

use super::{EventType, Place};
use crate::entity::{Call, CallStatus};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A call waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAsks {
    /// The task.
    pub task: Id,
    /// The call.
    pub call: Id,
    /// What it waits for.
    pub approval: Id,
}

impl EventType for CallAsks {
    const NAME: &'static str = "call.asks";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Call(self.call))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Call>(Key::Call(self.call), |call| {
            call.status = Exclusive(CallStatus::Asking);
            call.approval = Exclusive(Some(self.approval));
        });
    }
}
