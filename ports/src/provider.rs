//! The normalised contract of a model call, and the codec that translates it into one vendor's dialect.

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// Instructions of the agent.
    System,
    /// The person or the workflow.
    User,
    /// The model.
    Assistant,
}

/// One message of a model call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said.
    pub text: String,
}

/// A model call, whoever the vendor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// The vendor's name of the model; data, never interpreted.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// Most tokens the answer may have; the vendor's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It had said all.
    End,
    /// The token limit was reached.
    Length,
    /// The vendor withheld the rest.
    Filter,
}

/// Tokens counted by the vendor. Amounts are at most 2^53-1; more is a protocol error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// A model's answer, whoever the vendor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelResponse {
    /// What the model said.
    pub text: String,
    /// Why it stopped.
    pub stop: Stop,
    /// Tokens, when the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The model that answered, when the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What kind of failure a call ended in; decides what may be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The key was refused.
    Auth,
    /// The account has no money or quota left.
    Quota,
    /// Too many requests; wait.
    Rate,
    /// The vendor is overloaded or down; wait.
    Unavailable,
    /// The request was refused as it is; repeating it is useless.
    Invalid,
    /// The conversation is too long for the model.
    ContextTooLong,
    /// The vendor's filter refused.
    Filter,
    /// No answer within the deadline; the vendor may have worked on it.
    Timeout,
    /// The vendor's answer is not of its dialect.
    Protocol,
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFailure {
    /// What kind of failure.
    pub class: FailureClass,
    /// What happened, for a person; never holds a key.
    pub detail: String,
    /// Wait at least this long before trying again, when the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Whether the same call may be tried again.
    pub retriable: bool,
}

/// A provider, as a workspace keeps it. It holds a reference to a key and never the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// Which codec speaks to it.
    pub dialect: String,
    /// Where it is, up to where its dialect's paths begin: `https://host/v1`.
    pub base_url: String,
    /// Where its key is kept (`env:NAME`, `vault:NAME`); none for a server that wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ref: Option<String>,
    /// The provider's name of the model. It replaces the request's, so that one request can go to one provider after
    /// another.
    pub model: String,
    /// How long one call may take, from connecting to the last byte.
    pub timeout_ms: u64,
    /// Whether `http://` will do although the host is not this machine: key and conversation then travel in clear.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_plain_http: bool,
}

/// Calls models, wherever the way to them is.
#[async_trait(?Send)]
pub trait Models {
    /// Send `request` to `provider` under `idempotency_key`.
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
    ) -> Result<ModelResponse, ModelFailure>;
}

/// A pure translation between the normalised contract and one dialect. No I/O, no clock, no state.
pub trait Codec {
    /// Name of the dialect, as stored in a provider entry.
    fn dialect(&self) -> &'static str;

    /// The HTTP request for `request` against `base_url`; `key` is sent as the dialect wants it, `idempotency_key` as header.
    fn encode(
        &self,
        base_url: &str,
        key: Option<&str>,
        idempotency_key: &str,
        request: &ModelRequest,
    ) -> Result<http::Request<Bytes>, ModelFailure>;

    /// The outcome in `response`.
    fn decode(&self, response: &http::Response<Bytes>) -> Result<ModelResponse, ModelFailure>;
}
