//! Nothing more is wanted of an effect.

use super::{Closing, EventType, Place};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Nothing more is wanted of an effect: it is done with, or was cancelled. A report of it comes too late from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectClosed {
    /// Its newest attempt.
    #[serde(flatten)]
    pub closing: Closing,
}

impl EventType for EffectClosed {
    const NAME: &'static str = "effect.closed";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        self.closing.places()
    }

    fn apply(&self, to: &mut Writer<'_>) {
        self.closing.settle(to);
    }
}
