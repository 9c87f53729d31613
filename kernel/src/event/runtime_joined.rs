//! A runtime's process is there.

use super::{EventType, Place};
use crate::entity::Runtime;
use crate::id::{BootId, RuntimeId};
use crate::key::Key;
use crate::merge::Lww;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A runtime's process is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeJoined {
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its process.
    pub boot: BootId,
}

impl EventType for RuntimeJoined {
    const NAME: &'static str = "runtime.joined";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Runtime(self.runtime))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.put_control(Key::Runtime(self.runtime), Runtime { boot: Lww(self.boot) });
    }
}
