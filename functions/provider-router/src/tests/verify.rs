//! What is found out about a provider by asking it.

use super::host::{KEY, Keys, entry};
use crate::{Prober, Router};
use async_trait::async_trait;
use bytes::Bytes;
use http::response::Parts;
use http::{Request, Response};
use ports::provider::{FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, Stop, ToolCall};
use ports::{
    BodyStream, Clock, Codec, Decoder, Entropy, EntropyError, Outbound, OutboundError, Support, Verification,
    Verifier as _,
};
use std::cell::{Cell, RefCell};

/// A dialect in which the request is what is asked for, and the answer is what the model does.
struct Plain;

impl Codec for Plain {
    fn dialect(&self) -> &'static str {
        "echo"
    }

    fn encode(
        &self,
        _: &str,
        _: Option<&str>,
        key: &str,
        request: &ModelRequest,
    ) -> Result<Request<Bytes>, ModelFailure> {
        let asked = if request.schema.is_some() { "schema" } else { "word" };
        let asked = request.tools.first().map_or(asked, |_| "tool");
        Ok(Request::post("/").header("idempotency-key", key).body(Bytes::from(asked)).unwrap())
    }

    fn decoder(&self, head: &Parts) -> Box<dyn Decoder> {
        Box::new(Said { status: head.status.as_u16(), text: String::new() })
    }

    fn encode_models(&self, base_url: &str, key: Option<&str>) -> Option<Request<Bytes>> {
        Some(Request::get(format!("{base_url}/models")).header("key", key?).body(Bytes::new()).unwrap())
    }

    fn decode_models(&self, body: &[u8]) -> Vec<String> {
        String::from_utf8_lossy(body).split_whitespace().map(str::to_owned).collect()
    }
}

struct Said {
    status: u16,
    text: String,
}

impl Decoder for Said {
    fn feed(&mut self, bytes: &[u8], live: &dyn Live) -> Result<(), ModelFailure> {
        self.text.push_str(std::str::from_utf8(bytes).unwrap());
        if self.text != "whole" {
            live.delta(&self.text);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<ModelResponse, ModelFailure> {
        let class = match self.status {
            200 => None,
            400 => Some(FailureClass::Invalid),
            401 => Some(FailureClass::Auth),
            _ => Some(FailureClass::Rate),
        };
        if let Some(class) = class {
            return Err(ModelFailure { class, detail: self.text, retry_after_ms: None, retriable: false });
        }
        let call = || ToolCall { id: "1".into(), name: "report_ready".into(), arguments: "{}".into() };
        let calls = if self.text == "call" { vec![call()] } else { Vec::new() };
        Ok(ModelResponse { text: self.text, calls, stop: Stop::End, usage: None, model: Some("echo-7".into()) })
    }
}

/// A peer that answers each question in its own way.
struct Peer {
    word: (u16, &'static str),
    tool: (u16, &'static str),
    schema: (u16, &'static str),
    models: (u16, &'static str),
    keys: RefCell<Vec<String>>,
    listed: Cell<usize>,
    now: Cell<u64>,
    vault: Keys,
}

fn peer() -> Peer {
    Peer {
        word: (200, "ready"),
        tool: (200, "call"),
        schema: (200, r#"{"ready":true}"#),
        models: (200, "echo-small echo-large"),
        keys: RefCell::default(),
        listed: Cell::default(),
        now: Cell::default(),
        vault: Keys::default(),
    }
}

struct One(Option<Bytes>);

#[async_trait(?Send)]
impl BodyStream for One {
    async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        Ok(self.0.take())
    }
}

#[async_trait(?Send)]
impl Outbound for Peer {
    async fn open(&self, request: Request<Bytes>, _: u64) -> Result<Response<Box<dyn BodyStream>>, OutboundError> {
        self.keys.borrow_mut().push(request.headers()["idempotency-key"].to_str().unwrap().to_owned());
        let (status, text) = match &request.body()[..] {
            b"tool" => self.tool,
            b"schema" => self.schema,
            _ => self.word,
        };
        let body: Box<dyn BodyStream> = Box::new(One(Some(Bytes::from_static(text.as_bytes()))));
        Ok(Response::builder().status(status).body(body).unwrap())
    }

    async fn send(&self, request: Request<Bytes>, _: u64, _: usize) -> Result<Response<Bytes>, OutboundError> {
        assert_eq!((request.uri().path(), request.headers()["key"].to_str().unwrap()), ("/v1/models", KEY));
        self.listed.set(self.listed.get() + 1);
        let (status, text) = self.models;
        Ok(Response::builder().status(status).body(Bytes::from_static(text.as_bytes())).unwrap())
    }
}

impl Clock for Peer {
    fn now_ms(&self) -> u64 {
        self.now.replace(self.now.get() + 40)
    }
}

impl Entropy for Peer {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        Ok([u8::try_from(self.keys.borrow().len()).unwrap(); 32])
    }
}

impl Peer {
    async fn verified(&self) -> Verification {
        let router = Router { codecs: &[&Plain], vault: &self.vault, outbound: self };
        Prober { router, clock: self, entropy: self }.verify(&entry()).await
    }
}

#[tokio::test]
async fn a_provider_that_works_is_asked_three_things_each_meant_anew() {
    let peer = peer();
    let found = peer.verified().await;
    assert_eq!((found.failure, found.latency_ms, found.model.as_deref()), (None, Some(40), Some("echo-7")));
    assert_eq!((found.streams, found.tools, found.schema), (true, Support::Works, Support::Works));
    let keys = peer.keys.borrow();
    assert_eq!(keys.len(), 3);
    assert!(keys[0] != keys[1] && keys[1] != keys[2], "{keys:?}");
    assert_eq!(peer.listed.get(), 0, "nobody asks for a list that nobody needs");
}

#[tokio::test]
async fn what_a_provider_cannot_do_is_told_from_what_it_does_not_do() {
    let ignoring = Peer { word: (200, "whole"), tool: (200, "no"), schema: (200, "{}"), ..peer() }.verified().await;
    assert_eq!((ignoring.streams, ignoring.tools, ignoring.schema), (false, Support::Ignored, Support::Ignored));
    let refusing = Peer { tool: (400, "no tools"), schema: (400, "no"), ..peer() }.verified().await;
    assert_eq!((refusing.tools, refusing.schema, refusing.failure), (Support::Refused, Support::Refused, None));
    let busy = Peer { tool: (429, "slow down"), schema: (429, "slow down"), ..peer() }.verified().await;
    assert_eq!((busy.tools, busy.schema, busy.failure), (Support::Unknown, Support::Unknown, None));
}

#[tokio::test]
async fn a_failure_ends_it_and_says_which_models_there_are_when_that_may_help() {
    let unknown = Peer { word: (400, "no such model"), ..peer() };
    let found = unknown.verified().await;
    assert_eq!(found.failure.map(|failure| failure.class), Some(FailureClass::Invalid));
    assert_eq!(found.models.as_deref(), Some(&["echo-small".to_owned(), "echo-large".to_owned()][..]));
    assert_eq!(unknown.keys.borrow().len(), 1, "what failed once is not paid for again");

    let keyless = Peer { word: (401, "who are you"), ..peer() };
    let found = keyless.verified().await;
    assert_eq!((found.models, keyless.listed.get()), (None, 0), "a key that was refused is not sent again");
    let listless = Peer { word: (400, "no"), models: (404, "nothing here"), ..peer() };
    assert_eq!(listless.verified().await.models, None);
}

#[tokio::test]
async fn a_peer_that_repeats_the_key_does_not_have_it_shown() {
    let echoing = Peer { word: (400, KEY), models: (200, "sk-secret-0123456789 m"), ..peer() };
    let found = echoing.verified().await;
    assert!(!format!("{found:?}").contains(KEY), "{found:?}");
}
