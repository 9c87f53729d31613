//! Ports that remember what they were asked and answer what the test told them.

use crate::{ProviderEntry, Router};
use async_trait::async_trait;
use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response};
use ports::provider::{FailureClass, Live, Message, ModelFailure, ModelRequest, ModelResponse, Silent, Speaker, Stop};
use ports::{BodyStream, Codec, Decoder, Models, Outbound, OutboundError, Secret, Vault, VaultError};
use std::cell::RefCell;

/// The key of the provider in every test.
pub const KEY: &str = "sk-secret-0123456789";

/// A dialect of one line: the request is the last text, an answer of status 200 is what the model said, any other is a
/// failure with the body as detail.
pub struct Echo;

impl Codec for Echo {
    fn dialect(&self) -> &'static str {
        "echo"
    }

    fn encode(
        &self,
        base_url: &str,
        key: Option<&str>,
        idempotency_key: &str,
        request: &ModelRequest,
    ) -> Result<Request<Bytes>, ModelFailure> {
        let text = request.messages.last().map(|message| message.text.clone()).unwrap_or_default();
        Ok(Request::post(format!("{base_url}/echo"))
            .header("authorization", key.unwrap_or("none"))
            .header("idempotency-key", idempotency_key)
            .header("model", &request.model)
            .body(Bytes::from(text))
            .unwrap())
    }

    fn decoder(&self, head: &Parts) -> Box<dyn Decoder> {
        Box::new(Echoed { status: head.status.as_u16(), text: String::new() })
    }
}

/// What the echo says so far.
struct Echoed {
    status: u16,
    text: String,
}

impl Decoder for Echoed {
    fn feed(&mut self, bytes: &[u8], live: &dyn Live) -> Result<(), ModelFailure> {
        let text = std::str::from_utf8(bytes).unwrap();
        live.delta(text);
        self.text.push_str(text);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<ModelResponse, ModelFailure> {
        let text = self.text;
        if self.status == 200 {
            return Ok(ModelResponse { text, calls: Vec::new(), stop: Stop::End, usage: None, model: None });
        }
        Err(ModelFailure { class: FailureClass::Rate, detail: text, retry_after_ms: Some(7), retriable: true })
    }
}

/// Another dialect, which is never spoken.
pub struct Mute;

impl Codec for Mute {
    fn dialect(&self) -> &'static str {
        "mute"
    }

    fn encode(&self, _: &str, _: Option<&str>, _: &str, _: &ModelRequest) -> Result<Request<Bytes>, ModelFailure> {
        panic!("nobody asked for this dialect")
    }

    fn decoder(&self, _: &Parts) -> Box<dyn Decoder> {
        panic!("nobody asked for this dialect")
    }
}

/// A host whose way out ends in `answer`.
pub struct Host {
    pub answer: Result<(u16, &'static str), OutboundError>,
    /// How large the pieces are in which the answer comes.
    pub piece: usize,
    /// What the answer ends in when its body is not whole.
    pub broken: Option<OutboundError>,
    pub sent: RefCell<Vec<(Request<Bytes>, u64)>>,
    pub vault: Keys,
}

/// A vault with one key, which counts how often it is asked.
#[derive(Default)]
pub struct Keys {
    pub asked: RefCell<Vec<String>>,
}

impl Host {
    pub fn answering(status: u16, body: &'static str) -> Self {
        Self { answer: Ok((status, body)), piece: 2, broken: None, sent: RefCell::default(), vault: Keys::default() }
    }

    pub fn failing(error: OutboundError) -> Self {
        Self { answer: Err(error), ..Self::answering(200, "") }
    }

    /// Call `entry` once.
    pub async fn call(&self, entry: &ProviderEntry) -> Result<ModelResponse, ModelFailure> {
        self.router().call(entry, "call-7", &request(), &Silent).await
    }

    pub fn router(&self) -> Router<'_> {
        Router { codecs: &[&Mute, &Echo], vault: &self.vault, outbound: self }
    }
}

#[async_trait(?Send)]
impl Outbound for Host {
    async fn open(
        &self,
        request: Request<Bytes>,
        timeout_ms: u64,
    ) -> Result<Response<Box<dyn BodyStream>>, OutboundError> {
        self.sent.borrow_mut().push((request, timeout_ms));
        let (status, body) = self.answer.clone()?;
        let mut pieces: Vec<_> = self.broken.clone().map(Err).into_iter().collect();
        pieces.extend(body.as_bytes().chunks(self.piece).rev().map(|piece| Ok(Bytes::from_static(piece))));
        let body: Box<dyn BodyStream> = Box::new(Pieces(pieces));
        Ok(Response::builder().status(status).body(body).unwrap())
    }

    async fn send(&self, _: Request<Bytes>, _: u64, _: usize) -> Result<Response<Bytes>, OutboundError> {
        panic!("the router reads answers as they come")
    }
}

/// What is left of a body, last first.
struct Pieces(Vec<Result<Bytes, OutboundError>>);

#[async_trait(?Send)]
impl BodyStream for Pieces {
    async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        self.0.pop().transpose()
    }
}

#[async_trait(?Send)]
impl Vault for Keys {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        panic!("the router has no business with workspace keys")
    }

    async fn secret(&self, reference: &str) -> Result<Secret, VaultError> {
        self.asked.borrow_mut().push(reference.to_owned());
        match reference {
            "vault:echo" => Ok(Secret::new(KEY)),
            "vault:broken" => Err(VaultError::Broken("vault.sealed was altered".into())),
            known if known.starts_with("vault:") => Err(VaultError::Unknown(known.into())),
            _ => Err(VaultError::BadReference("a text of 7 characters".into())),
        }
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        panic!("the router keeps no secrets")
    }
}

/// The provider of every test.
pub fn entry() -> ProviderEntry {
    ProviderEntry {
        dialect: "echo".into(),
        base_url: "https://api.example.com/v1".into(),
        key_ref: Some("vault:echo".into()),
        model: "echo-large".into(),
        timeout_ms: 1234,
        allow_plain_http: false,
    }
}

/// The request of every test.
pub fn request() -> ModelRequest {
    let message = Message { speaker: Speaker::User, text: "hi".into(), calls: Vec::new(), call_id: None };
    ModelRequest {
        model: "whatever".into(),
        messages: vec![message],
        tools: Vec::new(),
        max_tokens: None,
        schema: None,
    }
}

/// Somebody who watches, and remembers what.
#[derive(Default)]
pub struct Seen(pub RefCell<Vec<String>>);

impl Live for Seen {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}
