//! Hosts over memory stores, as a move sees them. Each question is answered by a sequencer that was just opened: whatever
//! a process could have remembered is gone.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::command::Command;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{BootId, DeviceId, Id, KeyId, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Moment, Reply, Request};
use kernel::reject::Code;
use kernel::seal::TransferKey;
use kernelos::api::refused;
use kernelos::moving::Side;
use kernelos::outcome::Problem;
use ports::egress::ConnectionBody;
use ports::sequencing::WorkspaceView;
use ports::transfer::{ExportAsk, ImportAsk, ImportedBy};
use ports::views::Query;
use ports::{Clock, Entropy, EntropyError, SequencingError, Store as _, StoreError, Timer};
use sequencer::{Failure, Job, Sequencer, verify};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use store_memory::MemoryStore;

/// How long a lease is held, in milliseconds.
pub const LEASE_MS: u64 = 30_000;

/// What happens to somebody while time goes by.
type Meanwhile = Box<dyn FnMut(u64)>;

/// The time that all hosts and the mover share, and randomness that is the same in every run.
#[derive(Default)]
pub struct Machine {
    now_ms: Cell<u64>,
    drawn: Cell<u64>,
    /// What is done whenever somebody waits; given the time by then.
    pub meanwhile: RefCell<Option<Meanwhile>>,
}

impl Clock for Machine {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }
}

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get() + ms.max(1));
        let meanwhile = self.meanwhile.borrow_mut().take();
        if let Some(mut meanwhile) = meanwhile {
            meanwhile(self.now_ms.get());
            *self.meanwhile.borrow_mut() = Some(meanwhile);
        }
    }
}

impl Entropy for Machine {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        self.drawn.set(self.drawn.get() + 1);
        Ok(hash(Domain::Identity, &[b"entropy", &self.drawn.get().to_be_bytes()]))
    }
}

/// A host.
pub struct Host {
    pub name: String,
    pub workspace: WorkspaceId,
    pub machine: Rc<Machine>,
    store: MemoryStore,
    public_key: [u8; 32],
    /// The last lease that it granted, and until when it is held.
    pub granted: Cell<Option<(Id, u64, u64)>>,
}

impl Host {
    pub fn new(nth: u8, machine: &Rc<Machine>) -> Self {
        Self {
            name: format!("https://host-{nth}.example"),
            workspace: WorkspaceId::new(&[1; 32], &[9; 16]),
            machine: Rc::clone(machine),
            store: MemoryStore::new(),
            public_key: [nth; 32],
            granted: Cell::new(None),
        }
    }

    /// A workspace is made here, in which three questions wait, one of them for a person, and a run for a timer.
    pub async fn begins(&self) {
        self.store.create(&self.workspace.to_string()).await.unwrap();
        self.must("workspace.create", &json!({"name": "desk", "public_key": HashText(self.public_key)})).await;
        let provider = json!({"name": "p", "dialect": "openai-chat", "base_url": "https://example.org", "model": "m"});
        let provider = self.must("provider.define", &provider).await.made[0];
        let agent = self.must("agent.define", &json!({"name": "a", "provider": provider})).await.made[0];
        for nth in 0..3 {
            self.must("task.ask", &json!({"agent": agent, "prompt": format!("question {nth}")})).await;
        }
        let document = json!({"dsl": "1.0.0", "namespace": "n", "name": "waits", "version": "1.0.0"});
        let waits =
            json!({"document": document, "do": [{"pause": {"wait": "PT10M"}}, {"say": {"set": {"done": true}}}]});
        let waits = self.must("workflow.define", &json!({"source": waits})).await.made[0];
        self.must("run.start", &json!({"workflow": waits})).await;
        let asks = json!({"document": document, "do": [{"person": {"call": "ask", "with": {"question": "Go on?"}}}]});
        let asks = self.must("workflow.define", &json!({"source": asks})).await.made[0];
        self.must("run.start", &json!({"workflow": asks})).await;
    }

    /// So many long questions more, none of which can be made shorter.
    pub async fn grows(&self, questions: usize) {
        let agents = self.open().await.unwrap().read(&Query::Agents).await.unwrap().unwrap();
        let agent = agents.pointer("/0/id").or(agents.pointer("/agents/0/id")).unwrap().clone();
        for _ in 0..questions {
            let prompt: String = (0..6_000).map(|_| HashText(self.machine.random().unwrap()).to_string()).collect();
            self.must("task.ask", &json!({"agent": agent, "prompt": prompt})).await;
        }
    }

    /// None when nothing of the workspace is here.
    async fn open(&self) -> Option<Sequencer> {
        match Sequencer::claim(Rc::new(self.store.clone()), self.workspace, self.key()).await {
            Ok(sequencer) => Some(sequencer),
            Err(Failure::Store(StoreError::NoWorkspace)) => None,
            Err(other) => panic!("{}: {other:?}", self.name),
        }
    }

    fn key(&self) -> [u8; 32] {
        [self.public_key[0] + 100; 32]
    }

    fn moment(&self) -> Moment {
        Moment { now_ms: self.machine.now_ms(), entropy: self.machine.random().unwrap() }
    }

    /// Send a command under a new key.
    pub async fn send(&self, name: &str, data: &Value) -> Result<Reply, Failure> {
        let Some(mut sequencer) = self.open().await else { return Err(Failure::Store(StoreError::NoWorkspace)) };
        let moment = self.moment();
        let key = KeyId(moment.entropy[..16].try_into().unwrap());
        let request = Request {
            identity: Identity::Key { key, device: DeviceId::of(&self.public_key), incarnation: 0 },
            hash: HashText(hash(Domain::Command, &[name.as_bytes(), data.to_string().as_bytes()])),
            actor: "owner".to_owned(),
            on_behalf_of: Vec::new(),
            authored_ms: moment.now_ms,
            branch: BranchId::Main,
            command: Command::parse(name, &data.to_string()).unwrap(),
        };
        let reply = sequencer.submit(&[Job { request, moment }]).await.remove(0)?;
        match reply.rejected {
            Some((code, detail)) => Err(Failure::Refused(code.because(detail))),
            None => Ok(reply),
        }
    }

    pub async fn must(&self, name: &str, data: &Value) -> Reply {
        self.send(name, data).await.unwrap_or_else(|why| panic!("{}: {name}: {why:?}", self.name))
    }

    pub fn runtime(&self) -> Value {
        json!({"runtime": RuntimeId { device: DeviceId::of(&self.public_key), slot: 0 }, "boot": BootId([1; 16])})
    }

    fn of_runtime(&self, more: Value) -> Value {
        let mut data = self.runtime();
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    }

    /// A runtime of this host asks for work. Says whether the host gives any away, whether or not there is some.
    pub async fn grants(&self) -> bool {
        if self.send("runtime.join", &self.runtime()).await.is_err() {
            return false;
        }
        match self.send("effect.lease", &self.of_runtime(json!({"ttl_ms": LEASE_MS}))).await {
            Ok(reply) => {
                let fence = self.fence(reply.made[0]).await;
                self.granted.set(Some((reply.made[0], fence, self.machine.now_ms() + LEASE_MS)));
                true
            }
            Err(Failure::Refused(why)) if why.code == Code::NothingToLease => true,
            Err(Failure::Refused(why)) => {
                let resting = [Code::EffectsHeld, Code::WorkspaceFrozen, Code::WorkspaceMoved].contains(&why.code);
                assert!(resting, "{}: {why:?}", self.name);
                false
            }
            Err(other) => panic!("{}: {other:?}", self.name),
        }
    }

    async fn fence(&self, effect: Id) -> u64 {
        self.open().await.unwrap().effect(effect).await.unwrap().unwrap().fence
    }

    /// The runtime of this host reports an answer to what it leased last.
    pub async fn reports(&self) -> Result<(), Failure> {
        let Some((effect, fence, _)) = self.granted.take() else { return Ok(()) };
        let outcome = json!({"is": "answered", "text": "an answer", "stop": "end"});
        let data = self.of_runtime(json!({"effect": effect, "fence": fence, "outcome": outcome}));
        self.send("effect.report", &data).await.map(drop)
    }

    pub async fn stands(&self) -> Option<WorkspaceView> {
        self.look().await.unwrap()
    }

    /// Which effects wait, whether or not they are held.
    pub async fn waits(&self) -> Vec<Id> {
        self.open().await.unwrap().waiting(99).await.unwrap()
    }

    /// When the next timer goes off here.
    pub async fn next_due(&self) -> Option<u64> {
        self.open().await?.next_due().await.unwrap_or_default()
    }

    /// Nothing is stored here that the log does not lead to.
    pub async fn is_sound(&self) {
        if self.stands().await.is_some() {
            let verified = verify(&self.store, self.workspace, &self.key()).await.unwrap();
            assert_eq!(verified.findings, vec![], "{}", self.name);
        }
    }

    async fn import(&self, ask: ImportAsk) -> Result<u64, Problem> {
        if matches!(ask, ImportAsk::Begin { .. }) {
            let _ = self.store.create(&self.workspace.to_string()).await;
        }
        let Some(mut sequencer) = self.open().await else {
            return Err(Problem::failed("import_unknown", "nothing was begun", ""));
        };
        sequencer.import(ask, self.moment()).await.map(|stand| stand.offset).map_err(problem)
    }
}

/// What a client of a host is told.
fn problem(failure: Failure) -> Problem {
    let document: ports::Problem = SequencingError::from(failure).into();
    refused(&serde_json::to_value(document).unwrap())
}

/// A file as it comes, a frame at a time.
struct Slices {
    sequencer: Sequencer,
    ask: Option<ExportAsk>,
}

#[async_trait(?Send)]
impl ConnectionBody for Slices {
    fn announced(&self) -> u64 {
        0
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let Some(mut ask) = self.ask.take() else { return Ok(None) };
            let slice = self.sequencer.export(&ask).await.map_err(|why| format!("{why:?}"))?;
            ask.cursor = slice.next;
            self.ask = ask.cursor.is_some().then_some(ask);
            if !slice.bytes.is_empty() {
                return Ok(Some(slice.bytes.into()));
            }
        }
    }
}

#[async_trait(?Send)]
impl Side for Host {
    async fn look(&self) -> Result<Option<WorkspaceView>, Problem> {
        let Some(mut sequencer) = self.open().await else { return Ok(None) };
        match sequencer.describe().await {
            Ok(view) if view.pos > 0 => Ok(Some(view)),
            Ok(_) | Err(Failure::Store(StoreError::NoWorkspace)) => Ok(None),
            Err(other) => Err(problem(other)),
        }
    }

    async fn command(&self, name: &str, data: &Value) -> Result<(), Problem> {
        self.send(name, data).await.map(drop).map_err(problem)
    }

    async fn export(&self, key: &TransferKey) -> Result<Box<dyn ConnectionBody>, Problem> {
        let mut sequencer = self.open().await.unwrap();
        let ask =
            ExportAsk { key: key.clone(), wrapped: None, written_at: self.machine.now_ms(), after: 0, cursor: None };
        let first = sequencer.export(&ask).await;
        first.map_err(problem)?;
        Ok(Box::new(Slices { sequencer, ask: Some(ask) }))
    }

    async fn begin(&self, head: &[u8], key: &TransferKey) -> Result<u64, Problem> {
        self.import(ImportAsk::Begin { head: head.to_vec(), key: key.clone() }).await
    }

    async fn append(&self, offset: u64, bytes: Bytes) -> Result<u64, Problem> {
        let (device, public_key) = (DeviceId::of(&self.public_key), HashText(self.public_key));
        let by = ImportedBy { device, incarnation: 0, public_key, actor: "owner".to_owned() };
        self.import(ImportAsk::Append { offset, bytes: bytes.to_vec(), by }).await
    }

    async fn discard(&self, whole: Option<u64>) -> Result<(), Problem> {
        self.import(ImportAsk::Abandon { whole }).await.map(drop)
    }
}
