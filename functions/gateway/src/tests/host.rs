//! A host made of paper: it remembers what it was asked, and decides by the name of the command.

use super::live::{Live, Pulse};
use super::schema::objection;
use crate::{Body, Feed, Gateway, Tokens, handle, openapi};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kernel::hash::HashText;
use kernel::id::{CommandId, DeviceId, Id, Role, WorkspaceId};
use kernel::machine::{self, Identity, Reply};
use kernel::reject::Code;
use ports::history::{HistoryAsk, HistorySlice};
use ports::read_models::ModelsAsk;
use ports::sequencing::{EffectView, EventView, SnapshotView, WorkspaceView};
use ports::space::{CompactView, PartsView, Room, SpaceView};
use ports::transfer::{ExportAsk, ExportCursor, ExportSlice, ImportAsk, ImportStand, Next};
use ports::views::{Query, TaskView};
use ports::{Clock, Sequencing, SequencingError};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;

/// The token of every test.
pub const TOKEN: &str = "kos-0123456789";
/// The workspace of every test.
pub const WORKSPACE: WorkspaceId = WorkspaceId([7; 16]);
/// When every test takes place.
pub const NOW_MS: u64 = 1_700_000_000_000;
/// The host's public key.
pub const PUBLIC_KEY: [u8; 32] = [9; 32];

pub struct Host {
    pub tokens: Tokens,
    pub allowed_hosts: Vec<String>,
    /// What the sequencer was asked to decide.
    pub decided: RefCell<Vec<machine::Request>>,
    pub created: RefCell<Vec<WorkspaceId>>,
    pub asked: RefCell<Vec<String>>,
    pub known: RefCell<Vec<(Identity, HashText, Reply)>>,
    /// What every question is answered with, when it is set.
    pub failure: Option<SequencingError>,
    pub tasks: Vec<TaskView>,
    pub effects: Vec<EffectView>,
    /// What every read model is.
    pub model: Option<Value>,
    pub log: RefCell<Vec<EventView>>,
    /// The log has grown.
    pub grown: Notify,
}

impl Host {
    pub fn new() -> Self {
        Self {
            tokens: Tokens::new().with("another", "p-other").with(TOKEN, "p-owner"),
            allowed_hosts: vec!["kernel.example.com".into()],
            decided: RefCell::default(),
            created: RefCell::default(),
            asked: RefCell::default(),
            known: RefCell::default(),
            failure: None,
            tasks: Vec::new(),
            effects: Vec::new(),
            model: None,
            log: RefCell::default(),
            grown: Notify::new(),
        }
    }

    pub fn failing(failure: SequencingError) -> Self {
        Self { failure: Some(failure), ..Self::new() }
    }

    /// A feed on which nothing happens.
    pub fn quiet() -> Feed {
        Feed { sequencing: Rc::new(Self::new()), live: Rc::new(Live::default()), timer: Rc::new(Pulse::default()) }
    }

    pub async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let (head, body) = self.handle(request, &Self::quiet()).await.into_parts();
        let Body::Whole(body) = body else { panic!("{path} is answered with a stream") };
        let response = Response::from_parts(head, body);
        is_as_described(&method, &path, &response);
        response
    }

    pub async fn handle(&self, request: Request<Bytes>, feed: &Feed) -> Response<Body> {
        let gateway = Gateway {
            sequencing: self,
            feed,
            verifier: self,
            tokens: &self.tokens,
            clock: self,
            device: DeviceId::of(&PUBLIC_KEY),
            incarnation: 0,
            public_key: HashText(PUBLIC_KEY),
            allowed_hosts: &self.allowed_hosts,
        };
        handle(request, &gateway).await
    }

    pub async fn get(&self, path: &str) -> Response<Bytes> {
        self.send(request("GET", path).body(Bytes::new()).unwrap()).await
    }

    /// Post `body` to `path` under `key`.
    pub async fn post(&self, path: &str, key: &str, body: impl ToString) -> Response<Bytes> {
        let request = request("POST", path).header("content-type", "application/json").header("idempotency-key", key);
        self.send(request.body(Bytes::from(body.to_string())).unwrap()).await
    }

    /// Post a batch under `key`.
    pub async fn submit(&self, key: &str, body: impl ToString) -> Response<Bytes> {
        self.post(&commands(), key, body).await
    }

    fn healthy(&self) -> Result<(), SequencingError> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn decide(&self, request: machine::Request) -> Result<Reply, SequencingError> {
        self.healthy()?;
        let mut known = self.known.borrow_mut();
        if let Some((_, hash, reply)) = known.iter().find(|(identity, ..)| *identity == request.identity) {
            let reused = Code::IdempotencyKeyReused.because("it belongs to another command");
            let again = Reply { known: true, ..reply.clone() };
            return if *hash == request.hash { Ok(again) } else { Err(SequencingError::Refused(reused)) };
        }
        let pos = known.len() as u64 + 1;
        let command = match request.identity {
            Identity::Device { command, .. } => command,
            Identity::Key { device, incarnation, .. } => CommandId { device, incarnation, counter: pos },
        };
        let rejected = match request.command.name() {
            "effect.lease" => {
                return Err(SequencingError::Refused(
                    Code::NothingToLease.because("no effect is outstanding and free"),
                ));
            }
            "branch.fork" => Some((Code::StepWaiting, "step 7 has no answer yet".to_owned())),
            _ => None,
        };
        let made = if rejected.is_none() { vec![Id::new(command, Role::Task)] } else { Vec::new() };
        let reply = Reply { command, pos, events: 1, rejected, made, known: false };
        known.push((request.identity.clone(), request.hash, reply.clone()));
        self.decided.borrow_mut().push(request);
        Ok(reply)
    }
}

/// The path of commands.
pub fn commands() -> String {
    format!("/v1/workspaces/{WORKSPACE}/commands")
}

/// A request as an honest client begins it.
pub fn request(method: &str, path: &str) -> http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    request.header("host", "localhost:7700").header("authorization", format!("Bearer {TOKEN}"))
}

pub fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|why| panic!("{why}: {response:?}"))
}

/// The status and the code of a problem.
pub fn problem(response: &Response<Bytes>) -> (u16, String) {
    (response.status().as_u16(), json(response)["code"].as_str().unwrap_or_default().to_owned())
}

#[track_caller]
fn is_as_described(method: &str, path: &str, response: &Response<Bytes>) {
    let description = openapi();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let media_type = response.headers()["content-type"].to_str().unwrap();
    let (status, body) = (response.status().as_u16(), json(response));
    if status >= 400 {
        assert_eq!((media_type, &body["status"]), ("application/problem+json", &Value::from(status)));
        let objection = objection(&description, &serde_json::json!({"$ref": "#/components/schemas/Problem"}), &body);
        assert_eq!(objection, None, "{path}");
        return;
    }
    let paths = description["paths"].as_object().unwrap();
    let (_, operations) = paths.iter().find(|(template, _)| crate::path::params(template, path).is_some()).unwrap();
    let described = &operations[method.to_lowercase()]["responses"][status.to_string()];
    let schema = &described["content"][media_type]["schema"];
    assert!(schema.is_object(), "{method} {path} answers {status} {media_type}, which is not described");
    assert_eq!(objection(&description, schema, &body), None, "{method} {path}");
}

impl Clock for Host {
    fn now_ms(&self) -> u64 {
        NOW_MS
    }
}

#[async_trait(?Send)]
impl Sequencing for Host {
    async fn create(&self, workspace: WorkspaceId, _: &str) -> Result<(), SequencingError> {
        self.healthy()?;
        self.created.borrow_mut().push(workspace);
        Ok(())
    }

    async fn workspaces(&self, _: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        self.healthy().map(|()| vec![WORKSPACE])
    }

    async fn submit(&self, _: WorkspaceId, all: Vec<machine::Request>) -> Vec<Result<Reply, SequencingError>> {
        all.into_iter().map(|request| self.decide(request)).collect()
    }

    async fn events(&self, _: WorkspaceId, after: u64, limit: usize) -> Result<Vec<EventView>, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(format!("events after {after} limit {limit}"));
        Ok(self.log.borrow().iter().filter(|view| view.event.pos > after).take(limit).cloned().collect())
    }

    async fn moved(&self, _: WorkspaceId, after: u64, wait_ms: u64) -> Result<u64, SequencingError> {
        self.healthy()?;
        let end = || self.log.borrow().last().map_or(0, |view| view.event.pos);
        if end() <= after && wait_ms > 0 {
            let _ = tokio::time::timeout(Duration::from_millis(wait_ms), self.grown.notified()).await;
        }
        Ok(end())
    }

    async fn describe(&self, workspace: WorkspaceId) -> Result<WorkspaceView, SequencingError> {
        self.healthy()?;
        let roots = [(kernel::key::Space::Control, HashText([1; 32])), (kernel::key::Space::MAIN, HashText([2; 32]))];
        Ok(WorkspaceView {
            id: workspace,
            name: Some("Ours".into()),
            pos: 3,
            room: Room::Enough,
            format: 1,
            roots: roots.into(),
            origin: None,
            moving: None,
        })
    }

    async fn task(&self, _: WorkspaceId, task: Id) -> Result<Option<TaskView>, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push("task".into());
        Ok(self.tasks.iter().find(|view| view.summary.id == task).cloned())
    }

    async fn settled(&self, _: WorkspaceId, task: Id, wait_ms: u64) -> Result<Option<TaskView>, SequencingError> {
        self.asked.borrow_mut().push(format!("settled within {wait_ms}"));
        Ok(self.tasks.iter().find(|view| view.summary.id == task).cloned())
    }

    async fn read(&self, _: WorkspaceId, query: Query) -> Result<Option<Value>, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(format!("{query:?}"));
        Ok(self.model.clone())
    }

    async fn models(&self, _: WorkspaceId, ask: ModelsAsk) -> Result<Value, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(format!("{ask:?}"));
        Ok(self.model.clone().unwrap_or_default())
    }

    async fn history(&self, _: WorkspaceId, ask: HistoryAsk) -> Result<HistorySlice, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(format!("{:?} so far {:?}", ask.asked, ask.so_far));
        // Every question takes two slices.
        Ok(match ask.so_far {
            None => HistorySlice::More(serde_json::json!({"read": 1})),
            Some(_) => HistorySlice::Answer(self.model.clone()),
        })
    }

    async fn due(&self, _: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(format!("due limit {limit}"));
        Ok(self.effects.iter().map(|view| view.effect).collect())
    }

    async fn effect(&self, _: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError> {
        self.healthy()?;
        Ok(self.effects.iter().find(|view| view.effect == effect).cloned())
    }

    async fn export(&self, _: WorkspaceId, ask: ExportAsk) -> Result<ExportSlice, SequencingError> {
        self.healthy()?;
        let chain = ask.cursor.as_ref().map_or(HashText([0; 32]), |cursor| cursor.chain);
        let cursor = ExportCursor { pos: 3, roots: [].into(), chain, next: Next::Ending, keys: 0, chunks: 0 };
        match ask.cursor {
            None => Ok(ExportSlice { bytes: b"the beginning, ".to_vec(), next: Some(cursor) }),
            Some(_) if ask.wrapped.as_deref() == Some("fails") => {
                Err(SequencingError::Unavailable("the store is away".to_owned()))
            }
            Some(_) => Ok(ExportSlice { bytes: b"the end".to_vec(), next: None }),
        }
    }

    async fn import(&self, _: WorkspaceId, _: &str, ask: ImportAsk) -> Result<ImportStand, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(match &ask {
            ImportAsk::Begin { head, .. } => format!("begin with {} bytes", head.len()),
            ImportAsk::Append { offset, bytes, by } => format!("{} bytes at {offset} by {}", bytes.len(), by.actor),
            other => format!("{other:?}"),
        });
        Ok(ImportStand { offset: 70, complete: false })
    }

    async fn snapshots(&self, _: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError> {
        self.healthy()?;
        let fault = Some("chunk x of a snapshot: it is not there".to_owned());
        Ok(vec![SnapshotView { pos: 2, fault, ..SnapshotView::default() }, snapshot(3)])
    }

    async fn snapshot(&self, _: WorkspaceId, whole: bool) -> Result<SnapshotView, SequencingError> {
        self.healthy()?;
        self.asked.borrow_mut().push(format!("snapshot whole {whole}"));
        Ok(snapshot(3))
    }

    async fn space(&self, _: WorkspaceId) -> Result<SpaceView, SequencingError> {
        self.asked.borrow_mut().push("space".to_owned());
        let parts = PartsView { log: 600, segments: 100, rows: 150, snapshots: 40, content: 10 };
        Ok(SpaceView { room: Room::Scarce, used: 900, limit: Some(1_000), packed_to: 2, parts })
    }

    async fn compact(&self, _: WorkspaceId) -> Result<CompactView, SequencingError> {
        self.asked.borrow_mut().push("compact".to_owned());
        Ok(CompactView { packed_to: 2, segments: 1, events: 2, bytes_before: 900, bytes_after: 90 })
    }
}

fn snapshot(pos: u64) -> SnapshotView {
    let roots = [(kernel::key::Space::Control, HashText([1; 32]))].into();
    SnapshotView { pos, made_at: NOW_MS, rows: 12, bytes: 4_000, written: 900, roots, fault: None }
}
