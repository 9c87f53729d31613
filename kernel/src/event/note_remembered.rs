//! Something is to be remembered.

use super::{EventType, Place};
use crate::entity::Note;
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// Something is to be remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRemembered {
    /// The note.
    pub note: Id,
    /// What it says.
    pub text: Content,
}

impl EventType for NoteRemembered {
    const NAME: &'static str = "note.remembered";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Note(self.note))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let text = self.text.carried_at(to.pos());
        to.put(Key::Note(self.note), Note { text: Exclusive(Some(text)) });
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("text", &mut self.text)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Note(self.note))
    }
}
