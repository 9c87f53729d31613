//! Calls of models through a provider router that is a function of its own: the keys are there, and not here.
//!
//! An answer counts when its outcome was read. One that ends before is cut, whatever came of it, and may be asked for
//! again: the idempotency key travels with the call.

mod lines;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Response, StatusCode};
use lines::Lines;
use ports::calls::{CALL, LINES, ModelCall, Said, VERIFY};
use ports::egress::ConnectionBody;
use ports::fetch::{Fetch, whole};
use ports::problem::Document;
use ports::provider::{FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, Models, ProviderEntry};
use ports::{Verification, Verifier};
use std::rc::Rc;

/// Most bytes of what the router says that is no answer of a model.
const WORDS_BYTES_MAX: usize = 1 << 20;

/// A provider router elsewhere.
#[derive(Clone)]
pub struct HttpModels {
    fetch: Rc<dyn Fetch>,
    origin: String,
}

impl std::fmt::Debug for HttpModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpModels({})", self.origin)
    }
}

impl HttpModels {
    /// The router at `origin`, scheme and host, reached by `fetch`.
    pub fn new(fetch: Rc<dyn Fetch>, origin: impl Into<String>) -> Self {
        Self { fetch, origin: origin.into() }
    }

    /// Send `body` and wait for the head of what is said to it; what is no success is a failure of the call.
    async fn ask(
        &self,
        path: &str,
        accept: &str,
        body: Result<Vec<u8>, serde_json::Error>,
    ) -> Result<Box<dyn ConnectionBody>, ModelFailure> {
        let body = body.map_err(|why| failure(FailureClass::Invalid, format!("the call cannot be written: {why}")))?;
        let request = Request::post(format!("{}{path}", self.origin)).header(ACCEPT, accept);
        let request = request.header(CONTENT_TYPE, "application/json").body(Bytes::from(body));
        let request =
            request.map_err(|why| failure(FailureClass::Invalid, format!("the router has no address: {why}")))?;
        let (head, mut body) = match self.fetch.fetch(request).await.map(Response::into_parts) {
            Ok(answer) => answer,
            Err(why) => return Err(passing(FailureClass::Unavailable, format!("the router does not answer: {why}"))),
        };
        if head.status == StatusCode::OK {
            return Ok(body);
        }
        let words = whole(&mut *body, WORDS_BYTES_MAX).await.unwrap_or_default();
        Err(refused(head.status, &words))
    }
}

#[async_trait(?Send)]
impl Models for HttpModels {
    async fn call(
        &self,
        provider: &ProviderEntry,
        idempotency_key: &str,
        request: &ModelRequest,
        live: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        let (provider, request) = (provider.clone(), request.clone());
        let call = ModelCall { provider, request, idempotency_key: idempotency_key.to_owned() };
        let mut body = self.ask(CALL, LINES, serde_json::to_vec(&call)).await?;
        let mut lines = Lines::default();
        while let Some(piece) = body.chunk().await.map_err(cut)? {
            lines.push(&piece)?;
            while let Some(line) = lines.line() {
                match serde_json::from_slice(&line) {
                    Ok(Said::Delta(text)) => live.delta(&text),
                    Ok(Said::Ok(response)) => return Ok(response),
                    Ok(Said::Failure(failure)) => return Err(failure),
                    Err(why) => return Err(failure(FailureClass::Protocol, format!("the router is not one: {why}"))),
                }
            }
        }
        Err(cut("it ended before its outcome".to_owned()))
    }
}

#[async_trait(?Send)]
impl Verifier for HttpModels {
    async fn verify(&self, provider: &ProviderEntry) -> Verification {
        let found = async {
            let mut body = self.ask(VERIFY, "application/json", serde_json::to_vec(provider)).await?;
            let found = whole(&mut *body, WORDS_BYTES_MAX).await.map_err(cut)?;
            let no_router = |why| failure(FailureClass::Protocol, format!("the router is not one: {why}"));
            serde_json::from_slice(&found).map_err(no_router)
        };
        found.await.unwrap_or_else(|failure| Verification::failed(failure, None))
    }
}

fn failure(class: FailureClass, detail: String) -> ModelFailure {
    ModelFailure { class, detail, retry_after_ms: None, retriable: false }
}

/// A failure that may be over at the next try.
fn passing(class: FailureClass, detail: String) -> ModelFailure {
    ModelFailure { retriable: true, ..failure(class, detail) }
}

fn cut(why: String) -> ModelFailure {
    passing(FailureClass::Cut, format!("the router's answer broke off: {why}"))
}

/// The router answered with a problem: its own, when it is not set up or overloaded, or that of the call.
fn refused(status: StatusCode, words: &[u8]) -> ModelFailure {
    let document: Option<Document<'_>> = serde_json::from_slice(words).ok();
    let detail = document.map_or_else(|| format!("it says {status}"), |it| format!("{} {}", it.title, it.detail));
    let detail = format!("the router refused the call: {detail}");
    if status.is_client_error() {
        return failure(FailureClass::Invalid, detail);
    }
    passing(FailureClass::Unavailable, detail)
}
