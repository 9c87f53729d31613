//! What a router says, and what is made of it. That a real one says so is told where both are there.

use crate::HttpModels;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::egress::ConnectionBody;
use ports::provider::{
    FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, Models as _, ProviderEntry, Stop,
};
use ports::{Fetch, Verifier as _};
use std::cell::RefCell;
use std::rc::Rc;

const ANSWER: &str = "{\"delta\":\"Eig\"}\n{\"delta\":\"ht.\"}\n{\"ok\":{\"text\":\"Eight.\",\"stop\":\"end\"}}\n";

/// A peer that says the same to everybody, in pieces of that length.
struct Peer {
    status: u16,
    says: String,
    piece: usize,
    breaks: bool,
    asked: RefCell<Vec<Request<Bytes>>>,
}

impl Peer {
    fn saying(status: u16, says: &str, piece: usize) -> Rc<Self> {
        Rc::new(Self { status, says: says.to_owned(), piece, breaks: false, asked: RefCell::default() })
    }
}

#[async_trait(?Send)]
impl Fetch for Peer {
    async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Box<dyn ConnectionBody>>, String> {
        self.asked.borrow_mut().push(request);
        let mut pieces: Vec<_> = self.breaks.then(|| Err("the line went dead".to_owned())).into_iter().collect();
        pieces.extend(self.says.as_bytes().chunks(self.piece).rev().map(|piece| Ok(Bytes::copy_from_slice(piece))));
        let body: Box<dyn ConnectionBody> = Box::new(Pieces(pieces));
        Ok(Response::builder().status(self.status).body(body).unwrap())
    }
}

struct Pieces(Vec<Result<Bytes, String>>);

#[async_trait(?Send)]
impl ConnectionBody for Pieces {
    fn announced(&self) -> u64 {
        0
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        self.0.pop().transpose()
    }
}

#[derive(Default)]
struct Heard(RefCell<Vec<String>>);

impl Live for Heard {
    fn delta(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }
}

fn entry() -> ProviderEntry {
    ProviderEntry {
        dialect: "d".into(),
        base_url: "https://example.org".into(),
        key_ref: None,
        model: "m".into(),
        timeout_ms: 5,
        allow_plain_http: false,
        private: Vec::new(),
    }
}

async fn call(peer: &Rc<Peer>) -> (Result<ModelResponse, ModelFailure>, Vec<String>) {
    let models = HttpModels::new(Rc::clone(peer) as Rc<dyn Fetch>, "https://router");
    let request = ModelRequest { model: "m".into(), messages: vec![], tools: vec![], max_tokens: None, schema: None };
    let heard = Heard::default();
    (models.call(&entry(), "key-7", &request, &heard).await, heard.0.take())
}

#[tokio::test]
async fn an_answer_is_heard_while_it_comes_however_it_is_cut() {
    for piece in 1..=ANSWER.len() {
        let peer = Peer::saying(200, ANSWER, piece);
        let (outcome, heard) = call(&peer).await;
        let text = "Eight.".to_owned();
        assert_eq!(outcome, Ok(ModelResponse { text, calls: vec![], stop: Stop::End, usage: None, model: None }));
        assert_eq!(heard, ["Eig", "ht."]);
    }
    let peer = Peer::saying(200, ANSWER, 9);
    let _ = call(&peer).await;
    let asked = peer.asked.borrow();
    assert_eq!(asked[0].uri(), "https://router/call");
    assert!(String::from_utf8_lossy(asked[0].body()).contains("\"idempotency_key\":\"key-7\""));
}

#[tokio::test]
async fn an_answer_without_its_outcome_is_cut_wherever_it_ends() {
    for end in 0..ANSWER.len() {
        for breaks in [false, true] {
            let peer = Peer::saying(200, ANSWER.get(..end).unwrap(), 7);
            let peer = Rc::new(Peer { breaks, ..Rc::into_inner(peer).unwrap() });
            let failure = call(&peer).await.0.unwrap_err();
            assert_eq!((failure.class, failure.retriable), (FailureClass::Cut, true), "{end}: {failure:?}");
        }
    }
}

#[tokio::test]
async fn what_the_router_says_of_the_call_is_the_outcome() {
    let says = "{\"failure\":{\"class\":\"rate\",\"detail\":\"slowly\",\"retry_after_ms\":7,\"retriable\":true}}\n";
    let failure = call(&Peer::saying(200, says, 5)).await.0.unwrap_err();
    assert_eq!((failure.class, failure.retry_after_ms, failure.retriable), (FailureClass::Rate, Some(7), true));
}

#[tokio::test]
async fn a_router_that_refuses_or_is_none_is_said_to_do_so() {
    let problem = "{\"type\":\"t\",\"title\":\"No.\",\"status\":0,\"detail\":\"SECRET_NAME is not set\",\"code\":\"c\",\
                   \"safe\":\"s\",\"hint\":\"h\"}";
    for (status, says, class, retriable) in [
        (503, problem, FailureClass::Unavailable, true),
        (422, problem, FailureClass::Invalid, false),
        (500, "oops", FailureClass::Unavailable, true),
        (200, "<html>\n", FailureClass::Protocol, false),
        (200, "{\"other\":1}\n", FailureClass::Protocol, false),
    ] {
        let failure = call(&Peer::saying(status, says, 64)).await.0.unwrap_err();
        assert_eq!((failure.class, failure.retriable), (class, retriable), "{status} {says}");
        assert_eq!(failure.detail.contains("SECRET_NAME"), says == problem, "{failure:?}");
    }
}

#[tokio::test]
async fn a_verification_is_passed_on_and_its_failure_is_one() {
    let says = "{\"latency_ms\":5,\"streams\":true,\"tools\":\"works\",\"schema\":\"ignored\"}";
    let models = |status, says| HttpModels::new(Peer::saying(status, says, 3), "https://router");
    let found = models(200, says).verify(&entry()).await;
    assert_eq!((found.latency_ms, found.streams, found.failure), (Some(5), true, None));
    let failed = models(503, "").verify(&entry()).await;
    assert_eq!(failed.failure.unwrap().class, FailureClass::Unavailable);
}
