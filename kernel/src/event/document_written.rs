//! A document has a new text.

use super::{EventType, Place};
use crate::entity::Document;
use crate::id::KeyId;
use crate::key::Key;
use crate::merge::{Exclusive, Lww, Text};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A document has a new text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentWritten {
    /// The tag of its path.
    pub document: KeyId,
    /// How often it was written.
    pub version: u64,
    /// Bytes of its text.
    pub bytes: u64,
    /// Where it is.
    pub path: Content,
    /// What it says.
    pub text: Content,
}

impl EventType for DocumentWritten {
    const NAME: &'static str = "document.written";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Document(self.document))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let document = Document {
            version: Lww(self.version),
            bytes: Lww(self.bytes),
            path: Exclusive(Some(self.path.carried_at(pos))),
            text: Text(Some(self.text.carried_at(pos))),
        };
        to.put(Key::Document(self.document), document);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("path", &mut self.path), ("text", &mut self.text)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Document(self.document))
    }
}
