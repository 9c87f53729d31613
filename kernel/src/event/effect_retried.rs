//! An attempt failed and is to be repeated.

use super::{Closing, EventType, Place};
use crate::entity::Effect;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// An attempt failed; the effect will be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectRetried {
    /// The task.
    pub task: Id,
    /// The attempt.
    #[serde(flatten)]
    pub closing: Closing,
    /// Kind of failure.
    pub class: String,
    /// What happened, for a person.
    pub detail: Content,
    /// When it may be tried again, milliseconds since 1970.
    pub not_before: u64,
}

impl EventType for EffectRetried {
    const NAME: &'static str = "effect.retried";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        self.closing.places()
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit::<Effect>(Key::Effect(self.closing.effect), |effect| {
            effect.failed.add(1);
            effect.due = Exclusive(Some(self.not_before));
        });
        self.closing.release(to);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("detail", &mut self.detail)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
