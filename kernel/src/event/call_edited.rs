//! A person changed what a call is given.

use super::{EventType, Place};
use crate::entity::Call;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A person changed what a call is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEdited {
    /// The task.
    pub task: Id,
    /// The call.
    pub call: Id,
    /// What it is given now, JSON.
    pub arguments: Content,
}

impl EventType for CallEdited {
    const NAME: &'static str = "call.edited";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Call(self.call))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let arguments = self.arguments.carried_at(to.pos());
        to.edit::<Call>(Key::Call(self.call), |call| call.arguments = Exclusive(Some(arguments)));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("arguments", &mut self.arguments)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
