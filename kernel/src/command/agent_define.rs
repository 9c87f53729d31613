//! `agent.define`: make an agent known.

use super::{Context, Decide, Decision, NAME_MAX, TEXT_MAX};
use crate::capability;
use crate::entity::{Limits, Provider};
use crate::event::AgentDefined;
use crate::id::{Id, Role};
use crate::key::Key;
use crate::reject::{Code, Rejection, amount, line, lines};
use crate::schema::Schema;
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Make an agent known.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDefine {
    /// What people call it.
    pub name: String,
    /// The provider its model calls go to.
    pub provider: Id,
    /// What it is told before every conversation.
    #[serde(default)]
    pub instructions: Option<String>,
    /// Names of the capabilities it may use.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Names of those for which a person is asked first.
    #[serde(default)]
    pub approve: Vec<String>,
    /// How far it may go in one step.
    #[serde(default)]
    pub limits: Limits,
    /// JSON Schema of its answers.
    #[serde(default)]
    pub schema: Option<Value>,
    /// Most tokens of context it is given, as estimated.
    #[serde(default)]
    pub context_tokens: Option<u64>,
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
        self.check()?;
        let agent = with.id(Role::Agent);
        let defined = AgentDefined {
            agent,
            provider: self.provider,
            name: Content::plain(&self.name),
            instructions: self.instructions.as_ref().map(Content::plain),
            named: Some(with.read.view().tag(&["agent", &self.name])?),
            tools: self.tools.clone(),
            approve: self.approve.clone(),
            limits: self.limits,
            schema: self.schema.as_ref().map(|schema| Content::plain(schema.to_string())),
            context_tokens: self.context_tokens,
        };
        Ok(Decision::one(defined, vec![agent]))
    }
}

impl AgentDefine {
    fn check(&self) -> Result<(), Rejection> {
        for name in self.tools.iter().chain(&self.approve) {
            if capability::find(name).is_none_or(|found| !found.is_tool) {
                let near = capability::nearest(name).map(|near| format!("; the nearest is {near}"));
                let detail = format!("there is no capability {name:?} for agents{}", near.unwrap_or_default());
                return Err(Code::InvalidArgument.because(detail));
            }
        }
        let Limits { turns, tokens, cost_micros, ms } = self.limits;
        let amounts = [turns, tokens, cost_micros, ms, self.context_tokens];
        amounts.into_iter().flatten().try_for_each(|most| amount("limit", most).map(|_| ()))?;
        let Some(schema) = &self.schema else { return Ok(()) };
        if schema.to_string().len() > TEXT_MAX {
            return Err(Code::TooLong.because(format!("a schema may have {TEXT_MAX} bytes")));
        }
        Schema::compile(schema).map(|_| ()).map_err(|why| Code::InvalidArgument.because(format!("schema: {why}")))
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
