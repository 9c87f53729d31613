//! A provider of models is known. Version 1 had no name to be found by, no time of its own and no prices.

use super::{EventType, Place, Undecodable};
use crate::entity::{Name, Provider, is_default};
use crate::id::{Id, KeyId};
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
    /// The tag of its name, by which it is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<KeyId>,
    /// How long one call may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether conversation and key may travel in clear to another machine.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_plain_http: bool,
    /// Price of a million tokens of requests, in millionths of a currency.
    #[serde(default, skip_serializing_if = "is_default")]
    pub input_micros_per_mtok: u64,
    /// Price of a million tokens of answers, in millionths of the same currency.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output_micros_per_mtok: u64,
}

impl EventType for ProviderDefined {
    const NAME: &'static str = "provider.defined";
    const VERSION: u16 = 2;
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Provider(self.provider))];
        places.extend(self.named.map(|named| Place::Data(Key::Name(named))));
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let provider = Provider {
            dialect: Exclusive(self.dialect.clone()),
            name: Lww(Some(self.name.carried_at(pos))),
            base_url: Lww(Some(self.base_url.carried_at(pos))),
            model: Lww(Some(self.model.carried_at(pos))),
            key_ref: Lww(self.key_ref.as_ref().map(|key| key.carried_at(pos))),
            timeout_ms: Lww(self.timeout_ms),
            allow_plain_http: Lww(self.allow_plain_http),
            input_micros_per_mtok: Lww(self.input_micros_per_mtok),
            output_micros_per_mtok: Lww(self.output_micros_per_mtok),
        };
        if let Some(named) = self.named {
            to.put(Key::Name(named), Name { id: Lww(self.provider) });
        }
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

    fn decode(version: u16, data: &str) -> Result<Self, Undecodable> {
        match version {
            1 | 2 => serde_json::from_str(data).map_err(|why| Undecodable::Data(why.to_string())),
            _ => Err(Undecodable::Version(version)),
        }
    }
}
