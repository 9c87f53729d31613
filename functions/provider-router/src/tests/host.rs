//! Ports that remember what they were asked and answer what the test told them.

use crate::{ProviderEntry, Router};
use async_trait::async_trait;
use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response};
use ports::egress::{EgressAnswer, EgressBody, EgressClass};
use ports::provider::{FailureClass, Live, Message, ModelFailure, ModelRequest, ModelResponse, Silent, Speaker, Stop};
use ports::{Codec, Decoder, Egress, EgressFailure, EgressPolicy, EgressRequest};
use ports::{Models, Secret, Vault, VaultError};
use std::cell::RefCell;

/// The key of the provider in every test.
pub const KEY: &str = "sk-secret-0123456789";

/// A dialect of one line: the request is the last text, an answer of status 200 is what the model said, any other is a
/// failure with the body as detail. If it is told that answers do not end, all are cut.
pub struct Echo(pub bool);

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
        Box::new(Echoed { status: head.status.as_u16(), text: String::new(), ends: self.0 })
    }
}

/// What the echo says so far.
struct Echoed {
    status: u16,
    text: String,
    ends: bool,
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
        if !self.ends {
            return Err(ModelFailure { class: FailureClass::Cut, detail: text, retry_after_ms: None, retriable: true });
        }
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
    pub answer: Result<(u16, &'static str), EgressFailure>,
    /// How large the pieces are in which the answer comes.
    pub piece: usize,
    /// What the answer ends in when its body is not whole.
    pub broken: Option<EgressFailure>,
    /// Whether what came of the answer is all of it, as far as its dialect says.
    pub ends: bool,
    pub sent: RefCell<Vec<(EgressRequest, EgressPolicy)>>,
    pub vault: Keys,
}

/// A vault with one key, which counts how often it is asked.
#[derive(Default)]
pub struct Keys {
    pub asked: RefCell<Vec<String>>,
}

impl Host {
    pub fn answering(status: u16, body: &'static str) -> Self {
        Self {
            answer: Ok((status, body)),
            piece: 2,
            broken: None,
            ends: true,
            sent: RefCell::default(),
            vault: Keys::default(),
        }
    }

    pub fn failing(error: EgressFailure) -> Self {
        Self { answer: Err(error), ..Self::answering(200, "") }
    }

    /// Call `entry` once.
    pub async fn call(&self, entry: &ProviderEntry) -> Result<ModelResponse, ModelFailure> {
        self.router().call(entry, "call-7", &request(), &Silent).await
    }

    pub fn router(&self) -> Router<'_> {
        let codecs: &[&dyn Codec] = if self.ends { &[&Mute, &Echo(true)] } else { &[&Mute, &Echo(false)] };
        Router { codecs, vault: &self.vault, egress: self }
    }
}

#[async_trait(?Send)]
impl Egress for Host {
    async fn open(&self, policy: &EgressPolicy, request: EgressRequest) -> Result<EgressAnswer, EgressFailure> {
        self.sent.borrow_mut().push((request, policy.clone()));
        let (status, body) = self.answer.clone()?;
        let mut pieces: Vec<_> = self.broken.clone().map(Err).into_iter().collect();
        pieces.extend(body.as_bytes().chunks(self.piece).rev().map(|piece| Ok(Bytes::from_static(piece))));
        let (head, ()) = Response::builder().status(status).body(()).unwrap().into_parts();
        Ok(EgressAnswer { head, url: String::new(), body: Box::new(Pieces(pieces)) })
    }
}

/// What is left of a body, last first.
struct Pieces(Vec<Result<Bytes, EgressFailure>>);

#[async_trait(?Send)]
impl EgressBody for Pieces {
    async fn chunk(&mut self) -> Result<Option<Bytes>, EgressFailure> {
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
        private: vec!["192.168.1.5/32".into()],
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

/// A failure of the way out.
pub fn out(class: EgressClass, detail: &str) -> EgressFailure {
    EgressFailure { class, detail: detail.into(), sent: true }
}

/// The header `name` of what was sent.
pub fn header(request: &EgressRequest, name: &str) -> Option<String> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// Somebody who watches, and remembers what.
#[derive(Default)]
pub struct Seen(pub RefCell<Vec<String>>);

impl Live for Seen {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}
