//! From an entry and a request to an answer or a classified failure.

use crate::address;
use crate::concealment::conceal;
use async_trait::async_trait;
use http::StatusCode;
use ports::provider::{FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, Models, ProviderEntry};
use ports::{Codec, Decoder, Outbound, OutboundError, Secret, Vault, VaultError};

/// Most bytes of a provider's answer that are read: far more than any answer has, also in many small events.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;

/// What the host brings.
#[derive(Clone, Copy)]
pub struct Router<'a> {
    /// The dialects spoken here.
    pub codecs: &'a [&'a dyn Codec],
    /// Where keys are.
    pub vault: &'a dyn Vault,
    /// The way out.
    pub outbound: &'a dyn Outbound,
}

#[async_trait(?Send)]
impl Models for Router<'_> {
    /// Call `provider` once. `idempotency_key` must be the same for every repetition of the same call.
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        let codec = self.codec(&provider.dialect)?;
        // Before the key is even read: a refused address is no reason to touch it.
        address::check(provider).map_err(|why| failure(FailureClass::Invalid, why))?;
        let key = self.key(provider).await?;
        let key = key.as_ref().map(Secret::reveal);

        let request = ModelRequest { model: provider.model.clone(), ..request.clone() };
        let outcome = self.exchange(codec, provider, key, idempotency_key, &request, live).await;
        outcome.map_err(|failure| match key {
            Some(key) => ModelFailure { detail: conceal(&failure.detail, key), ..failure },
            None => failure,
        })
    }
}

impl Router<'_> {
    async fn exchange(
        &self,
        codec: &dyn Codec,
        provider: &ProviderEntry,
        key: Option<&str>,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        let sent = codec.encode(&provider.base_url, key, idempotency_key, request)?;
        let answer = self.outbound.open(sent, provider.timeout_ms).await;
        let (head, mut body) = answer.map_err(|error| unanswered(&error))?.into_parts();
        let mut decoder = codec.decoder(&head);
        let mut left = ANSWER_BYTES_MAX;
        loop {
            match body.chunk().await {
                Ok(None) => return decoder.finish(),
                Ok(Some(bytes)) => {
                    let too_large = || unanswered(&OutboundError::TooLarge { limit: ANSWER_BYTES_MAX });
                    left = left.checked_sub(bytes.len()).ok_or_else(too_large)?;
                    decoder.feed(&bytes, live)?;
                }
                Err(error) => return broken(decoder, head.status, &error),
            }
        }
    }

    fn codec(&self, dialect: &str) -> Result<&dyn Codec, ModelFailure> {
        self.codecs.iter().copied().find(|codec| codec.dialect() == dialect).ok_or_else(|| self.unknown(dialect))
    }

    fn unknown(&self, dialect: &str) -> ModelFailure {
        let known: Vec<&str> = self.codecs.iter().map(|codec| codec.dialect()).collect();
        let asked: String = dialect.chars().take(64).collect();
        failure(FailureClass::Invalid, format!("the dialect {asked:?} is not known here; known: {}", known.join(", ")))
    }

    async fn key(&self, provider: &ProviderEntry) -> Result<Option<Secret>, ModelFailure> {
        let Some(reference) = &provider.key_ref else {
            return Ok(None);
        };
        self.vault.secret(reference).await.map(Some).map_err(|error| keyless(&error))
    }
}

/// A failure that repeating does not heal.
fn failure(class: FailureClass, detail: impl Into<String>) -> ModelFailure {
    ModelFailure { class, detail: detail.into(), retry_after_ms: None, retriable: false }
}

/// There is no key to call with. None of it heals by itself: somebody has to put the vault or the entry right.
fn keyless(error: &VaultError) -> ModelFailure {
    let class = match error {
        VaultError::Unknown(_) => FailureClass::Auth,
        VaultError::BadReference(_) => FailureClass::Invalid,
        VaultError::Broken(_) => FailureClass::Unavailable,
    };
    failure(class, error.to_string())
}

/// The answer broke off. What came may be all there is: an answer whose end was read is whole, whatever became of the
/// connection, and a refusal is one with half its text. Else the status said that there would be more.
fn broken(decoder: Box<dyn Decoder>, status: StatusCode, error: &OutboundError) -> Result<ModelResponse, ModelFailure> {
    let outcome = decoder.finish();
    if outcome.is_ok() || !status.is_success() {
        return outcome;
    }
    let class = match error {
        OutboundError::TooLarge { .. } => return Err(unanswered(error)),
        OutboundError::Connect(_) | OutboundError::Interrupted(_) => FailureClass::Cut,
    };
    Err(ModelFailure { retriable: true, ..failure(class, error.to_string()) })
}

/// The exchange has no answer. One that broke off may be repeated although the provider may have acted, because the
/// repetition carries the same idempotency key.
fn unanswered(error: &OutboundError) -> ModelFailure {
    let (class, retriable) = match error {
        OutboundError::Connect(_) => (FailureClass::Unavailable, true),
        OutboundError::Interrupted(_) => (FailureClass::Timeout, true),
        OutboundError::TooLarge { .. } => (FailureClass::Protocol, false),
    };
    ModelFailure { retriable, ..failure(class, error.to_string()) }
}
