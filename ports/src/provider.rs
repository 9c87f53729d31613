//! The normalised contract of a model call, and the codec that translates it into one vendor's dialect.

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// A tool that the model called; [`Message::call_id`] says for which call.
    Tool,
}

/// A call of a tool, as the model asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call within its conversation; made up by the codec when the vendor gave none.
    pub id: String,
    /// The tool, by the name it was offered under.
    pub name: String,
    /// The arguments as the model wrote them: JSON when all is well, which is for whoever performs the call to check.
    pub arguments: String,
}

/// One message of a model call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub speaker: Speaker,
    /// What is said.
    pub text: String,
    /// What the model asked for; only the model calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// The call that a tool's message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
}

/// A tool that is offered to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// The capability's name, dots and all; a codec finds a spelling that its dialect allows.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
}

/// A model call, whoever the vendor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// The vendor's name of the model; data, never interpreted.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// What the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Most tokens the answer may have; the vendor's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// JSON Schema that the answer's text should satisfy, as JSON. Vendors promise different things about it, so the
    /// answer is to be checked all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
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
    /// It waits for the tools it called.
    Tool,
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
    /// What it asks for, in the order in which it asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
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
    /// The vendor has too much to do for everybody; wait.
    Overload,
    /// The vendor is down or out of reach; wait.
    Unavailable,
    /// The request was refused as it is; repeating it is useless.
    Invalid,
    /// The conversation is too long for the model.
    ContextTooLong,
    /// The vendor's filter refused.
    Filter,
    /// No answer within the deadline; the vendor may have worked on it.
    Timeout,
    /// The answer broke off: what came of it is not all of it, and is never taken for all of it.
    Cut,
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

/// Watches an answer while it comes.
///
/// What it is told is for people who wait and is never stored: the answer that counts is the [`ModelResponse`], and a
/// call that fails may have told the beginning of an answer that there never was.
pub trait Live {
    /// The next piece of visible text.
    fn delta(&self, text: &str);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Live for Silent {
    fn delta(&self, _: &str) {}
}

/// Calls models, wherever the way to them is.
#[async_trait(?Send)]
pub trait Models {
    /// Send `request` to `provider` under `idempotency_key`; `live` is told the answer's text as it comes.
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
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

    /// What reads the answer that begins with `head`, whatever its status and its form.
    fn decoder(&self, head: &http::response::Parts) -> Box<dyn Decoder>;

    /// The HTTP request that asks for the names of the models, in dialects that have one.
    fn encode_models(&self, _base_url: &str, _key: Option<&str>) -> Option<http::Request<Bytes>> {
        None
    }

    /// The names in the answer to it; nothing when it holds none.
    fn decode_models(&self, _body: &[u8]) -> Vec<String> {
        Vec::new()
    }
}

/// Reads one answer, in pieces that are cut anywhere. No I/O and no clock: whoever feeds it keeps deadlines and limits.
pub trait Decoder {
    /// Read on; `live` is told the visible text in `bytes`. After a failure the rest of the answer is of no interest.
    fn feed(&mut self, bytes: &[u8], live: &dyn Live) -> Result<(), ModelFailure>;

    /// The outcome, now that there is no more to read: an answer that lacks its end is [`FailureClass::Cut`].
    fn finish(self: Box<Self>) -> Result<ModelResponse, ModelFailure>;
}
