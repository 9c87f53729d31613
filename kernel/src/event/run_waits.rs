//! A run goes on by itself at a time.

use super::{EventType, Place};
use crate::entity::Run;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A run goes on by itself at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunWaits {
    /// The task.
    pub task: Id,
    /// When, milliseconds since 1970; absent when it waits no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
}

impl EventType for RunWaits {
    const NAME: &'static str = "run.waits";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Run(self.task))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Run>(Key::Run(self.task), |run| run.due = Exclusive(self.due));
    }
}
