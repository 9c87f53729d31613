//! Models behind a provider router that is a function of its own: the client's side against the router's, with bytes in
//! between and a real endpoint behind.

#![cfg(test)]

mod support;

use async_trait::async_trait;
use bytes::Bytes;
use egress::Broker;
use egress_http::{HttpDialler, SystemResolver};
use futures_util::StreamExt as _;
use http::{Request, Response};
use models_http::HttpModels;
use ports::egress::ConnectionBody;
use ports::provider::{FailureClass, Live, Message, ModelRequest, Models as _, ProviderEntry, Speaker};
use ports::{Clock, Entropy, EntropyError, Fetch, Secret, Support, Timer, Vault, VaultError, Verifier as _};
use provider_openai::ChatCompletions;
use provider_router::{Body, Prober, Router, handle};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use support::aimock::{Aimock, verifiable};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// The function with the router in it. Each request is a task of its own, as on hosts where it is another process.
struct Elsewhere;

#[async_trait(?Send)]
impl Fetch for Elsewhere {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        let (begin, mut begun) = mpsc::channel(1);
        let (say, said) = mpsc::channel::<Bytes>(1);
        tokio::task::spawn_local(async move {
            let machine: Rc<dyn Timer> = Rc::new(Machine);
            let vault: Rc<dyn Vault> = Rc::new(Machine);
            let dial = Rc::new(HttpDialler::new().unwrap());
            let egress = Broker { resolver: Rc::new(SystemResolver), dial, vault: Rc::clone(&vault), timer: machine };
            let router = Router { codecs: &[&ChatCompletions], vault: &*vault, egress: &egress };
            let prober = Prober { router, clock: &Machine, entropy: &Machine };
            let (head, body) = handle(request, prober).await.into_parts();
            begin.send(head).await.unwrap();
            match body {
                Body::Whole(bytes) => drop(say.send(bytes).await),
                Body::Stream(mut chunks) => {
                    while let Some(chunk) = chunks.next().await {
                        if say.send(chunk).await.is_err() {
                            break;
                        }
                    }
                }
            }
        });
        let head = begun.recv().await.ok_or("the router ended")?;
        let body: Box<dyn ConnectionBody> = Box::new(Coming(said));
        Ok(Response::from_parts(head, body))
    }
}

struct Coming(mpsc::Receiver<Bytes>);

#[async_trait(?Send)]
impl ConnectionBody for Coming {
    fn announced(&self) -> u64 {
        0
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        Ok(self.0.recv().await)
    }
}

struct Machine;

impl Clock for Machine {
    fn now_ms(&self) -> u64 {
        1_000
    }
}

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

impl Entropy for Machine {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        Ok([7; 32])
    }
}

#[async_trait(?Send)]
impl Vault for Machine {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        Err(VaultError::Broken("no story here wants one".to_owned()))
    }

    async fn secret(&self, reference: &str) -> Result<Secret, VaultError> {
        Err(VaultError::Unknown(reference.to_owned()))
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        Err(VaultError::Broken("no story here keeps one".to_owned()))
    }
}

#[derive(Default)]
struct Heard(RefCell<String>);

impl Live for Heard {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push_str(text);
    }
}

fn entry(base_url: &str) -> ProviderEntry {
    ProviderEntry {
        dialect: "openai-chat".to_owned(),
        base_url: base_url.to_owned(),
        key_ref: None,
        model: "test-model".to_owned(),
        timeout_ms: 20_000,
        allow_plain_http: false,
        private: Vec::new(),
    }
}

fn question(text: &str) -> ModelRequest {
    let message = Message { speaker: Speaker::User, text: text.to_owned(), calls: Vec::new(), call_id: None };
    ModelRequest { model: String::new(), messages: vec![message], tools: Vec::new(), max_tokens: None, schema: None }
}

fn models() -> HttpModels {
    HttpModels::new(Rc::new(Elsewhere), "https://provider-router")
}

#[tokio::test]
async fn an_answer_comes_in_pieces_from_the_provider_to_whoever_watches() {
    let aimock = Aimock::start();
    let story = async {
        let heard = Heard::default();
        let answer = models().call(&entry(&aimock.base_url()), "call-1", &question("What is KernelOS?"), &heard).await;
        let answer = answer.unwrap();
        assert!(answer.text.starts_with("KernelOS keeps the work"), "{}", answer.text);
        assert_eq!((heard.0.take(), answer.model.as_deref()), (answer.text, Some("test-model")));
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn a_failure_keeps_its_class_and_its_words_on_the_way() {
    let story = async {
        let failed = |entry: ProviderEntry| async move {
            models().call(&entry, "call-1", &question("Hello?"), &Heard::default()).await.unwrap_err()
        };
        let away = failed(entry("http://127.0.0.1:1/v1")).await;
        assert_eq!((away.class, away.retriable), (FailureClass::Unavailable, true), "{away:?}");
        let keyless =
            failed(ProviderEntry { key_ref: Some("env:NOWHERE".to_owned()), ..entry("http://127.0.0.1:1/v1") });
        let keyless = keyless.await;
        assert_eq!((keyless.class, keyless.retriable), (FailureClass::Auth, false), "{keyless:?}");
        assert!(keyless.detail.contains("env:NOWHERE"));
        let private = failed(entry("https://10.0.0.1/v1")).await;
        assert_eq!(private.class, FailureClass::Invalid, "{private:?}");
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn a_provider_is_verified_where_its_key_is() {
    let aimock = verifiable();
    let story = async {
        let found = models().verify(&entry(&aimock.base_url())).await;
        assert_eq!((found.failure, found.streams), (None, true));
        assert_eq!((found.tools, found.schema), (Support::Works, Support::Works));
    };
    LocalSet::new().run_until(story).await;
}
