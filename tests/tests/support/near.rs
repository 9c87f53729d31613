//! A sequencer in this process, over a store in memory, and everything else that a runtime wants. Time passes when somebody
//! sleeps.

use async_trait::async_trait;
use kernel::id::{BootId, DeviceId, Id, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Moment, Reply, Request};
use kernelos_tests::history::{Device, entropy, under_key};
use ports::egress::{EgressAnswer, EgressClass, EgressFailure, EgressPolicy, EgressRequest};
use ports::history::{HistoryAsk, HistorySlice};
use ports::provider::{FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry, Stop};
use ports::read_models::ModelsAsk;
use ports::sequencing::{EffectView, EventView, Notice, SnapshotView, WorkspaceView};
use ports::space::{CompactView, SpaceView};
use ports::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use ports::views::{Query, TaskView};
use ports::{
    Clock, Egress, Entropy, EntropyError, LiveChannel, LiveDelta, LiveSubscription, Models, Notices, Sequencing,
    SequencingError, Store as _, Timer,
};
use runtime::Runtime;
use sequencer::{Job, Sequencer};
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use store_memory::MemoryStore;
use tokio::sync::Mutex;

/// How long a runtime waits before it renews a lease: nothing here takes that long.
const RENEWAL_MS: u64 = 10_000;

/// The sequencer, and what became of what a runtime wanted.
pub struct Near {
    sequencer: Mutex<Sequencer>,
    workspace: WorkspaceId,
    host: Device,
    agent: Cell<Option<Id>>,
    sent: Cell<u8>,
    drawn: Cell<u64>,
    /// What time it is.
    pub now_ms: Cell<u64>,
    /// How many replies will be lost on their way, though what was asked for is done.
    pub lost: Cell<u32>,
    /// How often somebody slept.
    pub slept: Cell<u32>,
    /// How many calls of models will fail, for a reason that may pass.
    pub failing: Cell<u32>,
    /// How many calls of models must be under way before any is answered.
    pub together: Cell<u32>,
    /// How long the model takes.
    pub takes_ms: Cell<u64>,
    /// Whether the workspace is frozen when a lease is to be renewed for the next time.
    pub freezes: Cell<bool>,
    calls: Cell<u32>,
    /// Most calls of models that were under way at a time.
    pub most_calls: Cell<u32>,
}

impl Near {
    /// A workspace with an agent.
    pub async fn begin() -> Rc<Self> {
        let (host, workspace) = (Device::new(1), WorkspaceId::new(&[1; 32], &[9; 16]));
        let store = MemoryStore::default();
        store.create(&workspace.to_string()).await.unwrap();
        let sequencer = Mutex::new(Sequencer::claim(Rc::new(store), workspace, [5; 32]).await.unwrap());
        let near = Rc::new(Self {
            sequencer,
            workspace,
            host,
            agent: Cell::new(None),
            sent: Cell::new(0),
            drawn: Cell::new(100),
            now_ms: Cell::new(1_000),
            lost: Cell::new(0),
            slept: Cell::new(0),
            failing: Cell::new(0),
            together: Cell::new(0),
            takes_ms: Cell::new(0),
            freezes: Cell::new(false),
            calls: Cell::new(0),
            most_calls: Cell::new(0),
        });
        let public_key = near.host.public_key();
        near.send("workspace.create", json!({"name": "near", "public_key": public_key})).await;
        let provider = json!({"name": "p", "dialect": "d", "base_url": "http://127.0.0.1:1", "model": "m"});
        let provider = near.send("provider.define", provider).await[0];
        let agent = near.send("agent.define", json!({"name": "helper", "provider": provider})).await[0];
        near.agent.set(Some(agent));
        near
    }

    /// Ask the agent. Gives the task and the effect that waits.
    pub async fn ask(&self) -> (Id, Id) {
        let made = self.send("task.ask", json!({"agent": self.agent.get(), "prompt": "Are you there?"})).await;
        (made[0], made[2])
    }

    /// What the agent answered.
    pub async fn answer(&self, task: Id) -> Option<String> {
        self.sequencer.lock().await.task(task).await.unwrap().unwrap().steps.remove(0).answer
    }

    /// A process of the host's runtime.
    pub fn runtime(self: &Rc<Self>, boot: u8) -> Runtime {
        Runtime {
            workspace: self.workspace,
            id: RuntimeId { device: DeviceId::of(&[1; 32]), slot: 0 },
            boot: BootId([boot; 16]),
            device: self.host.id,
            incarnation: 0,
            sequencing: Rc::clone(self) as Rc<dyn Sequencing>,
            models: Rc::clone(self) as Rc<dyn Models>,
            egress: Rc::clone(self) as Rc<dyn Egress>,
            notices: Rc::clone(self) as Rc<dyn Notices>,
            live: Rc::clone(self) as Rc<dyn LiveChannel>,
            clock: Rc::clone(self) as Rc<dyn Clock>,
            timer: Rc::clone(self) as Rc<dyn Timer>,
            entropy: Rc::clone(self) as Rc<dyn Entropy>,
        }
    }

    async fn send(&self, name: &str, data: Value) -> Vec<Id> {
        self.sent.set(self.sent.get() + 1);
        let (key, now_ms) = ([self.sent.get(); 16], self.now_ms.get());
        let request = under_key(key, &self.host, BranchId::Main, now_ms, name, &data.to_string());
        self.submit(self.workspace, vec![request]).await.remove(0).unwrap().made
    }
}

fn not_here<T>() -> Result<T, SequencingError> {
    Err(SequencingError::Unavailable("no story here asks for it".to_owned()))
}

#[async_trait(?Send)]
impl Sequencing for Near {
    async fn submit(&self, _: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>> {
        let count = requests.len();
        let mut jobs = Vec::new();
        for request in requests {
            jobs.push(Job { request, moment: Moment { now_ms: self.now_ms.get(), entropy: self.random().unwrap() } });
        }
        let outcomes = self.sequencer.lock().await.submit(&jobs).await;
        if self.lost.get() > 0 {
            self.lost.set(self.lost.get() - 1);
            return std::iter::repeat_n(not_here(), count).collect();
        }
        outcomes.into_iter().map(|outcome| outcome.map_err(Into::into)).collect()
    }

    async fn effect(&self, _: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError> {
        Ok(self.sequencer.lock().await.effect(effect).await?)
    }

    async fn export(&self, _: WorkspaceId, _: ExportAsk) -> Result<ExportSlice, SequencingError> {
        not_here()
    }

    async fn import(&self, _: WorkspaceId, _: &str, _: ImportAsk) -> Result<ImportStand, SequencingError> {
        not_here()
    }

    async fn create(&self, _: WorkspaceId, _: &str) -> Result<(), SequencingError> {
        not_here()
    }

    async fn workspaces(&self, _: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        not_here()
    }

    async fn events(&self, _: WorkspaceId, _: u64, _: usize) -> Result<Vec<EventView>, SequencingError> {
        not_here()
    }

    async fn moved(&self, _: WorkspaceId, _: u64, _: u64) -> Result<u64, SequencingError> {
        not_here()
    }

    async fn describe(&self, _: WorkspaceId) -> Result<WorkspaceView, SequencingError> {
        not_here()
    }

    async fn task(&self, _: WorkspaceId, _: Id) -> Result<Option<TaskView>, SequencingError> {
        not_here()
    }

    async fn settled(&self, _: WorkspaceId, _: Id, _: u64) -> Result<Option<TaskView>, SequencingError> {
        not_here()
    }

    async fn models(&self, _: WorkspaceId, _: ModelsAsk) -> Result<Value, SequencingError> {
        not_here()
    }

    async fn history(&self, _: WorkspaceId, _: HistoryAsk) -> Result<HistorySlice, SequencingError> {
        not_here()
    }

    async fn read(&self, _: WorkspaceId, _: Query) -> Result<Option<Value>, SequencingError> {
        not_here()
    }

    async fn due(&self, _: WorkspaceId, _: usize) -> Result<Vec<Id>, SequencingError> {
        not_here()
    }

    async fn snapshots(&self, _: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError> {
        not_here()
    }

    async fn snapshot(&self, _: WorkspaceId, _: bool) -> Result<SnapshotView, SequencingError> {
        not_here()
    }

    async fn space(&self, _: WorkspaceId) -> Result<SpaceView, SequencingError> {
        not_here()
    }

    async fn compact(&self, _: WorkspaceId) -> Result<CompactView, SequencingError> {
        not_here()
    }
}

#[async_trait(?Send)]
impl Models for Near {
    async fn call(
        &self,
        _: &ProviderEntry,
        _: &str,
        _: &ModelRequest,
        _: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        self.calls.set(self.calls.get() + 1);
        self.most_calls.set(self.most_calls.get().max(self.calls.get()));
        tokio::task::yield_now().await;
        while self.most_calls.get() < self.together.get() {
            tokio::task::yield_now().await;
        }
        self.now_ms.set(self.now_ms.get() + self.takes_ms.get());
        self.calls.set(self.calls.get() - 1);
        if self.failing.get() > 0 {
            self.failing.set(self.failing.get() - 1);
            let detail = "it will pass".to_owned();
            let class = FailureClass::Unavailable;
            return Err(ModelFailure { class, detail, retry_after_ms: None, retriable: true });
        }
        let text = "Here.".to_owned();
        Ok(ModelResponse { text, calls: Vec::new(), stop: Stop::End, usage: None, model: None })
    }
}

#[async_trait(?Send)]
impl Egress for Near {
    async fn open(&self, _: &EgressPolicy, _: EgressRequest) -> Result<EgressAnswer, EgressFailure> {
        Err(EgressFailure { class: EgressClass::Connect, detail: "no story here goes out".to_owned(), sent: false })
    }
}

#[async_trait(?Send)]
impl Notices for Near {
    async fn give(&self, _: WorkspaceId, _: Id, _: &Notice) -> Result<(), String> {
        Ok(())
    }
}

impl LiveChannel for Near {
    fn publish(&self, _: WorkspaceId, _: LiveDelta) {}

    fn subscribe(&self, _: WorkspaceId) -> Box<dyn LiveSubscription> {
        Box::new(Silence)
    }
}

struct Silence;

#[async_trait(?Send)]
impl LiveSubscription for Silence {
    async fn next(&mut self) -> Option<LiveDelta> {
        None
    }
}

impl Clock for Near {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }
}

#[async_trait(?Send)]
impl Timer for Near {
    async fn sleep(&self, ms: u64) {
        if ms == RENEWAL_MS && self.freezes.take() {
            self.send("workspace.freeze", json!({"to": "https://there.example"})).await;
        } else if ms == RENEWAL_MS {
            return std::future::pending().await;
        }
        self.slept.set(self.slept.get() + 1);
        self.now_ms.set(self.now_ms.get() + ms);
    }
}

impl Entropy for Near {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        self.drawn.set(self.drawn.get() + 1);
        Ok(entropy(self.drawn.get()))
    }
}
