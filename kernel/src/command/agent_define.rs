//! `agent.define`: make an agent known.

use super::{Context, Decide, Decision, NAME_MAX, TEXT_MAX};
use crate::entity::Provider;
use crate::event::AgentDefined;
use crate::id::{Id, Role};
use crate::key::Key;
use crate::reject::{Code, line, lines};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Make an agent known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDefine {
    /// What people call it.
    pub name: String,
    /// The provider its model calls go to.
    pub provider: Id,
    /// What it is told before every conversation.
    #[serde(default)]
    pub instructions: Option<String>,
}

impl Decide for AgentDefine {
    const NAME: &'static str = "agent.define";
    const SCOPE: &'static str = "agents:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        line("name", &self.name, NAME_MAX)?;
        if let Some(text) = &self.instructions {
            lines("instructions", text, TEXT_MAX)?;
        }
        if with.read.data::<Provider>(Key::Provider(self.provider))?.is_none() {
            return Err(Code::NotFound.because(format!("there is no provider {}", self.provider)).into());
        }
        let agent = with.id(Role::Agent);
        let defined = AgentDefined {
            agent,
            provider: self.provider,
            name: Content::plain(&self.name),
            instructions: self.instructions.as_ref().map(Content::plain),
        };
        Ok(Decision::one(defined, vec![agent]))
    }
}
