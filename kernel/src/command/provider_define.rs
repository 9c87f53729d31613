//! `provider.define`: make a provider of models known.

use super::{Context, Decide, Decision, NAME_MAX, REFERENCE_MAX};
use crate::event::ProviderDefined;
use crate::id::Role;
use crate::reject::{Code, line, word};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Make a provider of models known. Nothing about a vendor is in code: dialect, address, model and key source are data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderDefine {
    /// What people call it.
    pub name: String,
    /// Name of the wire dialect.
    pub dialect: String,
    /// Where it is reached.
    pub base_url: String,
    /// The vendor's name of the model.
    pub model: String,
    /// Reference to the key: `env:NAME` or `vault:NAME`. Never the key itself.
    #[serde(default)]
    pub key_ref: Option<String>,
}

impl Decide for ProviderDefine {
    const NAME: &'static str = "provider.define";
    const SCOPE: &'static str = "providers:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        line("name", &self.name, NAME_MAX)?;
        word("dialect", &self.dialect, 64)?;
        line("base_url", &self.base_url, REFERENCE_MAX)?;
        line("model", &self.model, NAME_MAX)?;
        if let Some(key) = &self.key_ref {
            line("key_ref", key, REFERENCE_MAX)?;
            if !key.starts_with("env:") && !key.starts_with("vault:") {
                return Err(Code::InvalidArgument.because("key_ref must be env:NAME or vault:NAME").into());
            }
        }
        let provider = with.id(Role::Provider);
        let defined = ProviderDefined {
            provider,
            dialect: self.dialect.clone(),
            name: Content::plain(&self.name),
            base_url: Content::plain(&self.base_url),
            model: Content::plain(&self.model),
            key_ref: self.key_ref.as_ref().map(Content::plain),
        };
        Ok(Decision::one(defined, vec![provider]))
    }
}
