//! A host that ends between a commit and its reply: the runtime on the other side asks again, and holds what it was given.

#![cfg(test)]

use async_trait::async_trait;
use kernel::id::{BootId, DeviceId, Id, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Moment, Reply, Request};
use kernelos_tests::history::{Device, entropy, under_key};
use ports::egress::{EgressAnswer, EgressClass, EgressFailure, EgressPolicy, EgressRequest};
use ports::provider::{FailureClass, Live, ModelFailure, ModelRequest, ModelResponse, ProviderEntry};
use ports::sequencing::{EffectView, EventView, Notice, WorkspaceView};
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
use testkit::block_on;
use tokio::sync::Mutex;

/// A sequencer whose next replies are lost on their way, and everything else that a runtime wants.
struct Far {
    sequencer: Mutex<Sequencer>,
    lost: Cell<u32>,
    slept: Cell<u32>,
    drawn: Cell<u64>,
}

#[test]
fn a_runtime_whose_lease_was_committed_and_never_answered_holds_it_all_the_same() {
    block_on(async {
        let (far, runtime, effect) = one_question().await;
        far.lost.set(2);
        let taken = runtime.take(4).await.unwrap();
        assert_eq!(taken.iter().map(|view| view.effect).collect::<Vec<_>>(), [effect]);
        assert_eq!((taken[0].fence, far.slept.get()), (1, 2), "it was leased once, and asked for three times");
    });
}

#[test]
fn a_runtime_that_is_never_answered_gives_up() {
    block_on(async {
        let (far, runtime, _) = one_question().await;
        far.lost.set(u32::MAX);
        assert!(matches!(runtime.take(1).await, Err(SequencingError::Unavailable(_))));
    });
}

/// A workspace in which an agent was asked, a runtime that joined, and the effect that waits.
async fn one_question() -> (Rc<Far>, Runtime, Id) {
    let (host, workspace) = (Device::new(1), WorkspaceId::new(&[1; 32], &[9; 16]));
    let store = MemoryStore::default();
    store.create(&workspace.to_string()).await.unwrap();
    let sequencer = Mutex::new(Sequencer::claim(Rc::new(store), workspace, [5; 32]).await.unwrap());
    let far = Rc::new(Far { sequencer, lost: Cell::new(0), slept: Cell::new(0), drawn: Cell::new(100) });
    let sent = Cell::new(0u8);
    let send = |name: &'static str, data: Value| {
        sent.set(sent.get() + 1);
        let request = under_key([sent.get(); 16], &host, BranchId::Main, 1_000, name, &data.to_string());
        let far = Rc::clone(&far);
        async move { far.submit(workspace, vec![request]).await.remove(0).unwrap().made }
    };
    send("workspace.create", json!({"name": "far", "public_key": host.public_key()})).await;
    let provider = json!({"name": "p", "dialect": "d", "base_url": "http://127.0.0.1:1", "model": "m"});
    let provider = send("provider.define", provider).await[0];
    let agent = send("agent.define", json!({"name": "helper", "provider": provider})).await[0];
    let effect = send("task.ask", json!({"agent": agent, "prompt": "Are you there?"})).await[2];
    let runtime = Runtime {
        workspace,
        id: RuntimeId { device: DeviceId::of(&[1; 32]), slot: 0 },
        boot: BootId([1; 16]),
        device: host.id,
        incarnation: 0,
        sequencing: Rc::clone(&far) as Rc<dyn Sequencing>,
        models: Rc::clone(&far) as Rc<dyn Models>,
        egress: Rc::clone(&far) as Rc<dyn Egress>,
        notices: Rc::clone(&far) as Rc<dyn Notices>,
        live: Rc::clone(&far) as Rc<dyn LiveChannel>,
        clock: Rc::clone(&far) as Rc<dyn Clock>,
        timer: Rc::clone(&far) as Rc<dyn Timer>,
        entropy: Rc::clone(&far) as Rc<dyn Entropy>,
    };
    runtime.join().await.unwrap();
    (far, runtime, effect)
}

fn not_here<T>() -> Result<T, SequencingError> {
    Err(SequencingError::Unavailable("no story here asks for it".to_owned()))
}

#[async_trait(?Send)]
impl Sequencing for Far {
    async fn submit(&self, _: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>> {
        let count = requests.len();
        let moment = Moment { now_ms: 1_000, entropy: self.random().unwrap() };
        let jobs: Vec<Job> = requests.into_iter().map(|request| Job { request, moment: moment.clone() }).collect();
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

    async fn read(&self, _: WorkspaceId, _: Query) -> Result<Option<Value>, SequencingError> {
        not_here()
    }

    async fn due(&self, _: WorkspaceId, _: usize) -> Result<Vec<Id>, SequencingError> {
        not_here()
    }
}

#[async_trait(?Send)]
impl Models for Far {
    async fn call(
        &self,
        _: &ProviderEntry,
        _: &str,
        _: &ModelRequest,
        _: &dyn Live,
    ) -> Result<ModelResponse, ModelFailure> {
        let detail = "no story here calls a model".to_owned();
        Err(ModelFailure { class: FailureClass::Unavailable, detail, retry_after_ms: None, retriable: false })
    }
}

#[async_trait(?Send)]
impl Egress for Far {
    async fn open(&self, _: &EgressPolicy, _: EgressRequest) -> Result<EgressAnswer, EgressFailure> {
        Err(EgressFailure { class: EgressClass::Connect, detail: "no story here goes out".to_owned(), sent: false })
    }
}

#[async_trait(?Send)]
impl Notices for Far {
    async fn give(&self, _: WorkspaceId, _: Id, _: &Notice) -> Result<(), String> {
        Ok(())
    }
}

impl LiveChannel for Far {
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

impl Clock for Far {
    fn now_ms(&self) -> u64 {
        1_000
    }
}

#[async_trait(?Send)]
impl Timer for Far {
    async fn sleep(&self, _: u64) {
        self.slept.set(self.slept.get() + 1);
    }
}

impl Entropy for Far {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        self.drawn.set(self.drawn.get() + 1);
        Ok(entropy(self.drawn.get()))
    }
}
