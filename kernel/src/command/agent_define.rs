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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventData;
    use crate::testing::{begun, story_id};
    use serde_json::json;

    #[test]
    fn an_agent_is_known_with_or_without_instructions() {
        let mut it = begun();
        let provider = it.provider();
        it.when("agent.define", json!({"name": "plain", "provider": provider})).then(&["agent.defined"]);
        let EventData::AgentDefined(defined) = it.event() else { panic!("{:?}", it.event()) };
        assert_eq!((Some(&defined.agent), defined.instructions), (it.made().first(), None));
        it.when("agent.define", json!({"name": "a", "provider": provider, "instructions": "line\nline\ttab"}));
        it.then(&["agent.defined"]);
    }

    #[test]
    fn its_provider_exists() {
        let mut it = begun();
        it.when("agent.define", json!({"name": "a", "provider": story_id(Role::Provider)})).rejected(Code::NotFound);
        let not_a_provider = it.agent();
        it.when("agent.define", json!({"name": "a", "provider": not_a_provider})).rejected(Code::NotFound);
    }

    #[test]
    fn its_texts_are_within_bounds() {
        let mut it = begun();
        let provider = it.provider();
        let (name, text) = ("n".repeat(NAME_MAX), "t".repeat(TEXT_MAX));
        it.when("agent.define", json!({"name": name, "provider": provider, "instructions": text}));
        it.then(&["agent.defined"]);
        for (name, instructions, code) in [
            ("".to_owned(), "x".to_owned(), Code::InvalidArgument),
            ("two\nlines".to_owned(), "x".to_owned(), Code::ControlCharacter),
            (name + "n", "x".to_owned(), Code::TooLong),
            ("a".to_owned(), "bell\u{7}".to_owned(), Code::ControlCharacter),
            ("a".to_owned(), text + "t", Code::TooLong),
        ] {
            it.when("agent.define", json!({"name": name, "provider": provider, "instructions": instructions}));
            it.rejected(code);
        }
    }
}
