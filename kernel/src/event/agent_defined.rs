//! An agent is known. Version 1 had no instructions; version 2 no name to be found by, tools, limits or schema. They
//! decode as agents without them.

use super::{EventType, Place, Undecodable};
use crate::entity::{Agent, Limits, Name, is_default};
use crate::id::{Id, KeyId};
use crate::key::Key;
use crate::merge::{Exclusive, Lww, Text};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// An agent is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDefined {
    /// The agent.
    pub agent: Id,
    /// The provider its model calls go to.
    pub provider: Id,
    /// What people call it.
    pub name: Content,
    /// What it is told before every conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<Content>,
    /// The tag of its name, by which it is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<KeyId>,
    /// Names of the capabilities it may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Names of those for which a person is asked first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approve: Vec<String>,
    /// How far it may go in one step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// JSON Schema of its answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Content>,
    /// Most tokens of context it is given, as estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
}

/// Version 1.
#[derive(Deserialize)]
struct V1 {
    agent: Id,
    provider: Id,
    name: Content,
}

impl From<V1> for AgentDefined {
    fn from(V1 { agent, provider, name }: V1) -> Self {
        Self {
            agent,
            provider,
            name,
            instructions: None,
            named: None,
            tools: Vec::new(),
            approve: Vec::new(),
            limits: Limits::default(),
            schema: None,
            context_tokens: None,
        }
    }
}

impl EventType for AgentDefined {
    const NAME: &'static str = "agent.defined";
    const VERSION: u16 = 3;
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Agent(self.agent))];
        places.extend(self.named.map(|named| Place::Data(Key::Name(named))));
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let agent = Agent {
            provider: Exclusive(self.provider),
            name: Lww(Some(self.name.carried_at(pos))),
            instructions: Text(self.instructions.as_ref().map(|text| text.carried_at(pos))),
            tools: Lww(self.tools.clone()),
            approve: Lww(self.approve.clone()),
            limits: Lww(self.limits),
            schema: Lww(self.schema.as_ref().map(|schema| schema.carried_at(pos))),
            context_tokens: Lww(self.context_tokens),
        };
        if let Some(named) = self.named {
            to.put(Key::Name(named), Name { id: Lww(self.agent) });
        }
        to.put(Key::Agent(self.agent), agent);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = vec![("name", &mut self.name)];
        contents.extend(self.instructions.as_mut().map(|text| ("instructions", text)));
        contents.extend(self.schema.as_mut().map(|schema| ("schema", schema)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Agent(self.agent))
    }

    fn decode(version: u16, data: &str) -> Result<Self, Undecodable> {
        let malformed = |why: serde_json::Error| Undecodable::Data(why.to_string());
        match version {
            1 => serde_json::from_str::<V1>(data).map(Self::from).map_err(malformed),
            2 | 3 => serde_json::from_str(data).map_err(malformed),
            _ => Err(Undecodable::Version(version)),
        }
    }
}
