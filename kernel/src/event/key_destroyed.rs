//! A subject's data key was destroyed.

use super::{EventType, Place};
use crate::entity::DataKey;
use crate::id::KeyId;
use crate::key::Key;
use crate::merge::Lww;
use crate::seal::Subject;
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A subject's data key was destroyed: what it sealed is unreadable, here and in every copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDestroyed {
    /// The subject.
    pub subject: Subject,
    /// The key's id.
    pub key: KeyId,
}

impl EventType for KeyDestroyed {
    const NAME: &'static str = "key.destroyed";
    const CONTROL: bool = true;

    fn places(&self) -> Vec<Place> {
        vec![Place::Control(Key::Subject(self.subject))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        to.edit_control::<DataKey>(Key::Subject(self.subject), |key| key.destroyed = Lww(true));
    }
}
