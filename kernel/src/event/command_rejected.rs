//! A command was refused. It is kept, so that sending it again gets the same answer.

use super::{EventType, Place};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A command was refused; nothing of it took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRejected {
    /// Type of the command.
    pub command: String,
    /// Stable code of the rejection.
    pub code: String,
    /// What exactly, in the kernel's own words: names of arguments, ids and sizes, never content.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl EventType for CommandRejected {
    const NAME: &'static str = "command.rejected";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        Vec::new()
    }

    /// The record of the command says all; see [`super::apply_first`].
    fn apply(&self, _: &mut Writer<'_>) {}
}
