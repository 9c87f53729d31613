//! `provider.define`: make a provider of models known.

use super::{Context, Decide, Decision, NAME_MAX, REFERENCE_MAX};
use crate::event::ProviderDefined;
use crate::id::Role;
use crate::reject::{Code, amount, line, word};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Make a provider of models known. Nothing about a vendor is in code: dialect, address, model and key source are data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
    /// How long one call may take, in milliseconds.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Whether conversation and key may travel in clear to another machine.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// What tokens cost; nothing when absent.
    #[serde(default)]
    pub prices: Prices,
}

/// Prices of a million tokens, in millionths of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Of requests.
    #[serde(default)]
    pub input_micros_per_mtok: u64,
    /// Of answers.
    #[serde(default)]
    pub output_micros_per_mtok: u64,
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
        for most in
            [self.timeout_ms.unwrap_or(1), self.prices.input_micros_per_mtok, self.prices.output_micros_per_mtok]
        {
            amount("amount", most)?;
        }
        if self.timeout_ms == Some(0) {
            return Err(Code::InvalidArgument.because("timeout_ms must be 1 or more").into());
        }
        let provider = with.id(Role::Provider);
        let defined = ProviderDefined {
            provider,
            dialect: self.dialect.clone(),
            name: Content::plain(&self.name),
            base_url: Content::plain(&self.base_url),
            model: Content::plain(&self.model),
            key_ref: self.key_ref.as_ref().map(Content::plain),
            named: Some(with.read.view().tag(&["provider", &self.name])?),
            timeout_ms: self.timeout_ms,
            allow_plain_http: self.allow_plain_http,
            input_micros_per_mtok: self.prices.input_micros_per_mtok,
            output_micros_per_mtok: self.prices.output_micros_per_mtok,
        };
        Ok(Decision::one(defined, vec![provider]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventData;
    use crate::testing::begun;
    use serde_json::{Value, json};

    fn data(changed: Value) -> Value {
        let mut data =
            json!({"name": "n", "dialect": "openai-chat", "base_url": "https://example.org/v1", "model": "m"});
        for (field, value) in changed.as_object().unwrap() {
            data[field.as_str()] = value.clone();
        }
        data
    }

    #[test]
    fn all_about_a_vendor_is_data_and_sealed_but_the_dialect() {
        let mut it = begun();
        for key_ref in ["env:SOME_KEY", "vault:some key"] {
            it.when("provider.define", data(json!({"key_ref": key_ref}))).then(&["provider.defined"]);
            let EventData::ProviderDefined(defined) = it.event() else { panic!("{:?}", it.event()) };
            assert_eq!((defined.dialect.as_str(), Some(&defined.provider)), ("openai-chat", it.made().first()));
            assert!(
                [defined.name, defined.base_url, defined.model, defined.key_ref.unwrap()]
                    .iter()
                    .all(|it| it.unit().is_some())
            );
        }
    }

    #[test]
    fn its_texts_are_within_bounds() {
        let mut it = begun();
        it.when("provider.define", data(json!({"base_url": "u".repeat(REFERENCE_MAX)}))).then(&["provider.defined"]);
        for (changed, code) in [
            (json!({"name": ""}), Code::InvalidArgument),
            (json!({"name": "n".repeat(NAME_MAX + 1)}), Code::TooLong),
            (json!({"dialect": "Open AI"}), Code::InvalidArgument),
            (json!({"dialect": "d".repeat(65)}), Code::TooLong),
            (json!({"base_url": "http://a\r\nHost: b"}), Code::ControlCharacter),
            (json!({"base_url": "u".repeat(REFERENCE_MAX + 1)}), Code::TooLong),
            (json!({"model": ""}), Code::InvalidArgument),
            (json!({"key_ref": "sk-a-key-itself"}), Code::InvalidArgument),
            (json!({"key_ref": "env:A\u{1b}B"}), Code::ControlCharacter),
        ] {
            it.when("provider.define", data(changed)).rejected(code);
        }
    }
}
