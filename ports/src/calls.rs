//! A call of a model as bytes, between the function that wants it and the one that has the keys.

use crate::provider::{ModelFailure, ModelRequest, ModelResponse, ProviderEntry};
use serde::{Deserialize, Serialize};

/// Where calls are made. The answer is one [`Said`], the outcome; or, for those who accept [`LINES`] or [`EVENTS`], pieces
/// of it while it comes, and the outcome at the end.
pub const CALL: &str = "/call";
/// Where a provider is verified: an entry gets a [`crate::Verification`].
pub const VERIFY: &str = "/verify";
/// Media type of an answer with one [`Said`] a line.
pub const LINES: &str = "application/x-ndjson";
/// Media type of an answer with one [`Said`] an event.
pub const EVENTS: &str = "text/event-stream";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCall {
    /// Whom to call.
    pub provider: ProviderEntry,
    /// What to say.
    pub request: ModelRequest,
    /// The same for every repetition of the call.
    pub idempotency_key: String,
}

/// What is said of a call: any number of pieces, and one outcome, which is the last. An answer without it broke off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// The next piece of visible text.
    Delta(String),
    /// The answer.
    Ok(ModelResponse),
    /// Why there is none. That a call fails is an answer too, because the problem is not the caller's.
    Failure(ModelFailure),
}

impl Said {
    /// Its name, as it stands in [`LINES`] and [`EVENTS`].
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Delta(_) => "delta",
            Self::Ok(_) => "ok",
            Self::Failure(_) => "failure",
        }
    }
}

impl From<Result<ModelResponse, ModelFailure>> for Said {
    fn from(outcome: Result<ModelResponse, ModelFailure>) -> Self {
        outcome.map_or_else(Self::Failure, Self::Ok)
    }
}
