//! A provider of models is known.

use super::{EventType, Place};
use crate::entity::Provider;
use crate::id::Id;
use crate::key::Key;
use crate::merge::{Exclusive, Lww};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A provider of models is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderDefined {
    /// The provider.
    pub provider: Id,
    /// Name of the wire dialect.
    pub dialect: String,
    /// What people call it.
    pub name: Content,
    /// Where it is reached.
    pub base_url: Content,
    /// The vendor's name of the model.
    pub model: Content,
    /// Reference to the key in the host's vault; absent for a provider without keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ref: Option<Content>,
}

impl EventType for ProviderDefined {
    const NAME: &'static str = "provider.defined";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Provider(self.provider))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let provider = Provider {
            dialect: Exclusive(self.dialect.clone()),
            name: Lww(Some(self.name.carried_at(pos))),
            base_url: Lww(Some(self.base_url.carried_at(pos))),
            model: Lww(Some(self.model.carried_at(pos))),
            key_ref: Lww(self.key_ref.as_ref().map(|key| key.carried_at(pos))),
        };
        to.put(Key::Provider(self.provider), provider);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = vec![("name", &mut self.name), ("base_url", &mut self.base_url), ("model", &mut self.model)];
        contents.extend(self.key_ref.as_mut().map(|key| ("key_ref", key)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Provider(self.provider))
    }
}
