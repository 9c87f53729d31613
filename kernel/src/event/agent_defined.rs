//! An agent is known. Version 1 had no instructions; it decodes as an agent without them.

use super::{EventType, Place, Undecodable};
use crate::entity::Agent;
use crate::id::Id;
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
        Self { agent, provider, name, instructions: None }
    }
}

impl EventType for AgentDefined {
    const NAME: &'static str = "agent.defined";
    const VERSION: u16 = 2;
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![Place::Data(Key::Agent(self.agent))]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let agent = Agent {
            provider: Exclusive(self.provider),
            name: Lww(Some(self.name.carried_at(pos))),
            instructions: Text(self.instructions.as_ref().map(|text| text.carried_at(pos))),
        };
        to.put(Key::Agent(self.agent), agent);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = vec![("name", &mut self.name)];
        contents.extend(self.instructions.as_mut().map(|text| ("instructions", text)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Agent(self.agent))
    }

    fn decode(version: u16, data: &str) -> Result<Self, Undecodable> {
        let malformed = |why: serde_json::Error| Undecodable::Data(why.to_string());
        match version {
            1 => serde_json::from_str::<V1>(data).map(Self::from).map_err(malformed),
            2 => serde_json::from_str(data).map_err(malformed),
            _ => Err(Undecodable::Version(version)),
        }
    }
}
