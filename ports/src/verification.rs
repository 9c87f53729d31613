//! Whether a provider works, found out by asking it: what is known before anything is defined.

use crate::provider::{ModelFailure, ProviderEntry};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What became of asking for something that not every model and server can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// It was asked for and came.
    Works,
    /// It was asked for, nobody objected, and it did not come.
    Ignored,
    /// The request was refused because of it.
    Refused,
    /// Asking failed for a reason of its own.
    Unknown,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// How long the first answer took, in milliseconds; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// The model that answered, when the vendor said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether the answer came in pieces.
    pub streams: bool,
    /// Whether the model calls tools.
    pub tools: Support,
    /// Whether answers keep to a JSON Schema.
    pub schema: Support,
    /// Why there was no answer; absent when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ModelFailure>,
    /// Models that the endpoint lists; asked for only when the failure may be about the model or the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
}

impl Verification {
    /// There was no answer.
    pub fn failed(failure: ModelFailure, models: Option<Vec<String>>) -> Self {
        let (tools, schema) = (Support::Unknown, Support::Unknown);
        Self { latency_ms: None, model: None, streams: false, tools, schema, failure: Some(failure), models }
    }
}

/// Finds out whether a provider works, where its key is. Nothing of it is recorded.
#[async_trait(?Send)]
pub trait Verifier {
    /// Ask `provider` a few tiny questions.
    async fn verify(&self, provider: &ProviderEntry) -> Verification;
}
