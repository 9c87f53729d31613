//! `egress.allow`: say where requests of this workspace may go.

use super::{Context, Decide, Decision, REFERENCE_MAX};
use crate::event::EgressAllowed;
use crate::reject::{Code, line};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most rules of a list.
const RULES_MAX: usize = 256;

/// Say where requests of this workspace may go. The lists replace the ones before; nothing else is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EgressAllow {
    /// Hosts: `example.com`, `*.example.com`, `https://example.com:8443`.
    pub hosts: Vec<String>,
    /// Ranges of addresses that are not public and may be reached nevertheless: `10.1.0.0/16`.
    #[serde(default)]
    pub private: Vec<String>,
    /// Which secret may be sent to whom: `vault:github@api.github.com`.
    #[serde(default)]
    pub secrets: Vec<String>,
}

impl Decide for EgressAllow {
    const NAME: &'static str = "egress.allow";
    const SCOPE: &'static str = "egress:write";

    fn decide<V: View>(&self, _: &Context<'_, V>) -> Result<Decision, Halt> {
        if self.hosts.len() + self.private.len() + self.secrets.len() > RULES_MAX {
            return Err(Code::TooLong.because(format!("at most {RULES_MAX} rules are kept")).into());
        }
        for rule in self.hosts.iter().chain(&self.private).chain(&self.secrets) {
            line("rule", rule, REFERENCE_MAX)?;
        }
        let rules = json!({"hosts": self.hosts, "private": self.private, "secrets": self.secrets}).to_string();
        Ok(Decision::one(EgressAllowed { rules: Content::plain(rules) }, Vec::new()))
    }
}
