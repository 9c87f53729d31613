//! Ports that remember what they were asked and answer what the test told them.

use crate::Broker;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use ports::egress::{Connection, ConnectionBody, EgressClass, ExchangeError, Peer};
use ports::{Dial, Egress, EgressFailure, EgressPolicy, EgressRequest, EgressResponse};
use ports::{Resolver, Secret, Timer, Vault, VaultError};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

/// What every name means of which a test says nothing.
pub const PUBLIC: &str = "93.184.216.34";
/// What is behind `vault:known`.
pub const SECRET: &str = "sk-secret-0123456789";

/// How an exchange ends.
pub type Ending = Result<Response<Bytes>, ExchangeError>;

/// Everything outside the broker.
#[derive(Default)]
pub struct World {
    /// What a name means, one answer for each time it is asked; the last is given again.
    pub names: RefCell<BTreeMap<String, VecDeque<Vec<IpAddr>>>>,
    /// Which names were asked.
    pub resolved: RefCell<Vec<String>>,
    /// Which peers were connected to, or tried.
    pub dialled: RefCell<Vec<Peer>>,
    /// Addresses at which nobody answers.
    pub dead: RefCell<Vec<IpAddr>>,
    /// What was sent.
    pub sent: RefCell<Vec<Request<Bytes>>>,
    /// How exchanges end, in turn; an empty 200 when there is nothing left. `None` never ends.
    pub endings: RefCell<VecDeque<Option<Ending>>>,
    /// What bodies end in that are not whole: they break off, or (`None`) nothing comes any more.
    pub broken: RefCell<Option<Option<String>>>,
    /// Whether bodies say how long they are.
    pub announces: Cell<bool>,
    /// Which secrets were asked for.
    pub opened: RefCell<Vec<String>>,
    /// Why no connection is made, if none is.
    pub unconnected: RefCell<Option<String>>,
}

/// The same world, to hand out.
#[derive(Clone, Default)]
pub struct Paper(pub Rc<World>);

impl Paper {
    /// A world in which `name` means one list of addresses after another.
    pub fn naming(name: &str, answers: &[&[&str]]) -> Self {
        let paper = Self::default();
        let read = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        paper.0.names.borrow_mut().insert(name.into(), answers.iter().map(read).collect());
        paper
    }

    /// A world in which the peers redirect to these places, one after the other, with this status.
    pub fn redirecting(status: u16, locations: &[&str]) -> Self {
        let paper = Self::default();
        for location in locations {
            let response = Response::builder().status(status).header("location", *location);
            paper.ends(Ok(response.body(Bytes::new()).unwrap()));
        }
        paper
    }

    /// The next exchange ends like this.
    pub fn ends(&self, ending: Ending) {
        self.0.endings.borrow_mut().push_back(Some(ending));
    }

    pub fn broker(&self) -> Broker {
        let own = || Rc::new(self.clone());
        Broker { resolver: own(), dial: own(), vault: own(), timer: own() }
    }

    pub async fn send(&self, policy: &EgressPolicy, request: EgressRequest) -> Result<EgressResponse, EgressFailure> {
        self.broker().send(policy, request).await
    }

    pub async fn get(&self, policy: &EgressPolicy, url: &str) -> Result<EgressResponse, EgressFailure> {
        self.send(policy, EgressRequest::new("GET", url)).await
    }

    /// How a GET fails before anything is dialled.
    pub async fn refusal(&self, policy: &EgressPolicy, url: &str) -> Option<EgressClass> {
        let failure = self.get(policy, url).await.err()?;
        assert!(!failure.sent, "{url:?}: nothing was sent");
        assert_eq!(*self.0.dialled.borrow(), [], "{url:?}: nothing was dialled");
        Some(failure.class)
    }

    /// The header `name` of the request that was sent as number `index`.
    pub fn header(&self, index: usize, name: &str) -> Option<String> {
        self.0.sent.borrow()[index].headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

#[async_trait(?Send)]
impl Resolver for Paper {
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        self.0.resolved.borrow_mut().push(host.into());
        let mut names = self.0.names.borrow_mut();
        let Some(answers) = names.get_mut(host) else { return Ok(vec![PUBLIC.parse().unwrap()]) };
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.ok_or_else(|| "nobody knows it".into())
    }
}

#[async_trait(?Send)]
impl Dial for Paper {
    async fn connect(&self, peer: &Peer) -> Result<Box<dyn Connection>, String> {
        self.0.dialled.borrow_mut().push(peer.clone());
        if self.0.dead.borrow().contains(&peer.address.ip()) {
            return Err(format!("nobody at {}", peer.address));
        }
        match &*self.0.unconnected.borrow() {
            Some(why) => Err(why.clone()),
            None => Ok(Box::new(self.clone())),
        }
    }
}

#[async_trait(?Send)]
impl Connection for Paper {
    async fn exchange(
        self: Box<Self>,
        request: Request<Bytes>,
    ) -> Result<Response<Box<dyn ConnectionBody>>, ExchangeError> {
        self.0.sent.borrow_mut().push(request);
        let ending = self.0.endings.borrow_mut().pop_front();
        let response = match ending {
            None => Response::new(Bytes::new()),
            Some(Some(ending)) => ending?,
            Some(None) => std::future::pending().await,
        };
        let announces = self.0.announces.get();
        let broken = self.0.broken.borrow().clone();
        Ok(response.map(|left| -> Box<dyn ConnectionBody> { Box::new(PaperBody { left, announces, broken }) }))
    }
}

/// A body that comes in pieces of a mebibyte.
struct PaperBody {
    left: Bytes,
    announces: bool,
    broken: Option<Option<String>>,
}

#[async_trait(?Send)]
impl ConnectionBody for PaperBody {
    fn announced(&self) -> u64 {
        if self.announces { self.left.len() as u64 } else { 0 }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        if !self.left.is_empty() {
            let piece = self.left.len().min(1 << 20);
            return Ok(Some(self.left.split_to(piece)));
        }
        match self.broken.take() {
            None => Ok(None),
            Some(Some(why)) => Err(why),
            Some(None) => std::future::pending().await,
        }
    }
}

#[async_trait(?Send)]
impl Vault for Paper {
    async fn workspace_key(&self, _: &str) -> Result<[u8; 32], VaultError> {
        panic!("the way out has no business with workspace keys")
    }

    async fn secret(&self, reference: &str) -> Result<Secret, VaultError> {
        self.0.opened.borrow_mut().push(reference.into());
        match reference {
            "vault:known" | "env:KNOWN" => Ok(Secret::new(SECRET)),
            "vault:lines" => Ok(Secret::new("sk-one\r\nx-injected: 1")),
            "vault:nested" => Ok(Secret::new("{{secret:vault:known}}")),
            other => Err(VaultError::Unknown(other.into())),
        }
    }

    async fn keep(&self, _: &str, _: Secret) -> Result<(), VaultError> {
        panic!("the way out keeps no secrets")
    }
}

#[async_trait(?Send)]
impl Timer for Paper {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
