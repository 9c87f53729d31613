//! From an entry and a request to an answer or a classified failure.

use crate::address;
use crate::concealment::conceal;
use crate::failure::{failure, keyless, unanswered};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode};
use ports::egress::{EgressAnswer, EgressBody, EgressClass, EgressFailure};
use ports::provider::{FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, Models, ProviderEntry};
use ports::{Codec, Decoder, Egress, EgressPolicy, EgressRequest, Vault};

/// Most bytes of a provider's answer that are read: far more than any answer has, also in many small events.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;

/// What stands for the key in what a codec writes. The way out puts the key there, and nobody before it sees one.
pub const KEY: &str = "{{secret:KEY}}";

/// What the host brings.
#[derive(Clone, Copy)]
pub struct Router<'a> {
    /// The dialects spoken here.
    pub codecs: &'a [&'a dyn Codec],
    /// Where keys are, which is asked only when a call failed.
    pub vault: &'a dyn Vault,
    /// The way out.
    pub egress: &'a dyn Egress,
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
        let policy = address::policy(provider).map_err(|why| failure(FailureClass::Invalid, why))?;
        let request = ModelRequest { model: provider.model.clone(), ..request.clone() };
        let key = provider.key_ref.as_ref().map(|_| KEY);
        let encoded = codec.encode(&provider.base_url, key, idempotency_key, &request)?;
        let outcome = self.exchange(codec, &policy, asked(encoded, provider.key_ref.as_deref())?, live).await;
        match (outcome, &provider.key_ref) {
            (Err(failure), Some(reference)) => Err(self.explained(failure, reference).await),
            (Err(failure), None) => Err(failure.0),
            (Ok(response), _) => Ok(response),
        }
    }
}

/// A failure, and whether it was the key that could not be sent.
struct Failed(ModelFailure, bool);

impl From<ModelFailure> for Failed {
    fn from(failure: ModelFailure) -> Self {
        Self(failure, false)
    }
}

impl From<EgressFailure> for Failed {
    fn from(failure: EgressFailure) -> Self {
        Self(unanswered(&failure), failure.class == EgressClass::Secret)
    }
}

impl Router<'_> {
    async fn exchange(
        &self,
        codec: &dyn Codec,
        policy: &EgressPolicy,
        request: EgressRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, Failed> {
        let EgressAnswer { head, mut body, .. } = self.egress.open(policy, request).await?;
        let outcome = read(codec.decoder(&head), &mut *body, head.status, live).await;
        Ok(outcome?)
    }

    /// `failed` without the key in it. If there is no key to send, that is said instead.
    async fn explained(&self, failed: Failed, reference: &str) -> ModelFailure {
        let Failed(failure, is_about_key) = failed;
        match self.vault.secret(reference).await {
            Ok(key) => ModelFailure { detail: conceal(&failure.detail, key.reveal()), ..failure },
            Err(error) if is_about_key => keyless(&error),
            // What the provider said may hold a key that nobody can look for any more.
            Err(_) => ModelFailure { detail: "its words are not shown: the key cannot be read".into(), ..failure },
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
}

/// Read an answer as it comes.
async fn read(
    mut decoder: Box<dyn Decoder>,
    body: &mut dyn EgressBody,
    status: StatusCode,
    live: &dyn Live,
) -> Result<ModelResponse, ModelFailure> {
    loop {
        match body.chunk().await {
            Ok(None) => return decoder.finish(),
            Ok(Some(bytes)) => decoder.feed(&bytes, live)?,
            Err(failure) => return broken(decoder, status, &failure),
        }
    }
}

/// What a codec wrote, as the way out takes it. A redirect is an answer: a conversation goes to whom the entry names.
pub fn asked(request: Request<Bytes>, reference: Option<&str>) -> Result<EgressRequest, ModelFailure> {
    let (head, body) = request.into_parts();
    let key = reference.map(|reference| format!("{{{{secret:{reference}}}}}"));
    let mut headers = Vec::new();
    for (name, value) in &head.headers {
        let no_text = |_| failure(FailureClass::Invalid, format!("the header {name} is not text"));
        let text = value.to_str().map_err(no_text)?;
        let text = key.as_ref().map_or_else(|| text.to_owned(), |key| text.replace(KEY, key));
        headers.push((name.as_str().to_owned(), text));
    }
    Ok(EgressRequest {
        headers,
        body: Some(body),
        follow_redirects: false,
        ..EgressRequest::new(head.method.as_str(), head.uri.to_string())
    })
}

/// The answer broke off. What came may be all there is: an answer whose end was read is whole, whatever became of the
/// connection, and a refusal is one with half its text. Else the status said that there would be more.
fn broken(decoder: Box<dyn Decoder>, status: StatusCode, why: &EgressFailure) -> Result<ModelResponse, ModelFailure> {
    let outcome = decoder.finish();
    if outcome.is_ok() || !status.is_success() {
        return outcome;
    }
    if why.class == EgressClass::TooLarge {
        return Err(unanswered(why));
    }
    Err(ModelFailure { retriable: true, ..failure(FailureClass::Cut, &why.detail) })
}
