//! A subject has a data key.

use super::{EventType, Place};
use crate::entity::DataKey;
use crate::hash::HashText;
use crate::id::KeyId;
use crate::key::Key;
use crate::merge::Lww;
use crate::seal::Subject;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A subject has a data key. The key itself is outside the log, wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCreated {
    /// The subject.
    pub subject: Subject,
    /// The key's id.
    pub key: KeyId,
    /// Commitment to the key.
    pub check: HashText,
}

impl EventType for KeyCreated {
    const NAME: &'static str = "key.created";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Subject(self.subject))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let key = DataKey { key: Lww(self.key), check: Lww(self.check), destroyed: Lww(false) };
        to.put_control(Key::Subject(self.subject), key);
    }
}
