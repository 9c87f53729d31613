//! A desk to tell sequencer stories at: one workspace in a memory store, a provider, an agent and a runtime.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
#![allow(dead_code, reason = "not every story needs everything on the desk")]

pub mod letters;
pub mod transfer;

use kernel::command::Command;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{BootId, DeviceId, Id, KeyId, Role, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Moment, Reply, Request};
use kernelos_sequencer::{Failure, Job, Sequencer};
use ports::Store;
use std::rc::Rc;
use store_memory::MemoryStore;

pub struct Desk {
    pub store: MemoryStore,
    pub sequencer: Sequencer,
    pub workspace: WorkspaceId,
    pub key: [u8; 32],
    pub device: DeviceId,
    pub agent: Id,
    pub runtime: RuntimeId,
    pub boot: BootId,
    pub leased: Option<Id>,
    pub now_ms: u64,
    sent: u64,
}

impl Desk {
    pub async fn new() -> Self {
        let public_key = [3; 32];
        let device = DeviceId::of(&public_key);
        let workspace = WorkspaceId::new(&public_key, &[9; 16]);
        let store = MemoryStore::default();
        store.create(&workspace.to_string()).await.unwrap();
        let key = [5; 32];
        let sequencer = Sequencer::claim(Rc::new(store.clone()), workspace, key).await.unwrap();
        let runtime = RuntimeId { device, slot: 0 };
        let boot = BootId([1; 16]);
        let agent = Id::new(kernel::id::CommandId { device, incarnation: 0, counter: 3 }, Role::Agent);
        let mut desk = Self {
            store,
            sequencer,
            workspace,
            key,
            device,
            agent,
            runtime,
            boot,
            leased: None,
            now_ms: 1_000,
            sent: 0,
        };
        let public_key = HashText(public_key);
        desk.must("workspace.create", &format!(r#"{{"name":"desk","public_key":"{public_key}"}}"#)).await;
        let provider = r#"{"name":"test","dialect":"openai-chat","base_url":"http://127.0.0.1:1/v1","model":"m"}"#;
        let provider = desk.must("provider.define", provider).await.made[0];
        let agent = format!(r#"{{"name":"helper","provider":"{provider}","instructions":"Be brief."}}"#);
        assert_eq!(desk.must("agent.define", &agent).await.made[0], desk.agent);
        desk.join(desk.boot).await;
        desk
    }

    /// The desk of `from`, where it came to.
    pub fn over(
        store: MemoryStore,
        sequencer: Sequencer,
        workspace: WorkspaceId,
        key: [u8; 32],
        device: DeviceId,
        from: &Self,
    ) -> Self {
        let (agent, now_ms, sent) = (from.agent, from.now_ms + 1_000, from.sent + 1_000);
        let runtime = RuntimeId { device, slot: 0 };
        Self {
            store,
            sequencer,
            workspace,
            key,
            device,
            agent,
            runtime,
            boot: BootId([2; 16]),
            leased: None,
            now_ms,
            sent,
        }
    }

    pub fn job(&mut self, name: &str, data: &str) -> Job {
        self.sent += 1;
        self.now_ms += 1;
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.sent.to_be_bytes());
        let identity = Identity::Key { key: KeyId(key), device: self.device, incarnation: 0 };
        let request = Request {
            identity,
            hash: HashText(hash(Domain::Command, &[name.as_bytes(), data.as_bytes()])),
            actor: "owner".into(),
            on_behalf_of: vec![],
            authored_ms: self.now_ms,
            branch: BranchId::Main,
            command: Command::parse(name, data).unwrap(),
        };
        let entropy = hash(Domain::Identity, &[b"entropy", &self.sent.to_be_bytes()]);
        Job { request, moment: Moment { now_ms: self.now_ms, entropy } }
    }

    pub async fn send(&mut self, name: &str, data: &str) -> Result<Reply, Failure> {
        let job = self.job(name, data);
        self.sequencer.submit(&[job]).await.remove(0)
    }

    pub async fn must(&mut self, name: &str, data: &str) -> Reply {
        let reply = self.send(name, data).await.unwrap();
        assert_eq!(reply.rejected, None, "{name} {data}");
        reply
    }

    pub async fn join(&mut self, boot: BootId) {
        self.boot = boot;
        let data = format!(r#"{{"runtime":"{}","boot":"{boot}"}}"#, self.runtime);
        self.must("runtime.join", &data).await;
    }

    pub async fn ask(&mut self, prompt: &str) -> Id {
        let data = format!(r#"{{"agent":"{}","prompt":"{prompt}"}}"#, self.agent);
        let reply = self.must("task.ask", &data).await;
        self.leased = reply.made.iter().copied().find(|id| id.role == Role::Effect);
        reply.made[0]
    }

    pub async fn due(&mut self) -> Vec<Id> {
        self.sequencer.due(10).await.unwrap()
    }

    pub async fn lease(&mut self, ttl_ms: u64) -> Reply {
        let data = format!(r#"{{"runtime":"{}","boot":"{}","ttl_ms":{ttl_ms}}}"#, self.runtime, self.boot);
        self.must("effect.lease", &data).await
    }

    pub async fn report(&mut self, effect: Id, fence: u64, text: &str) -> Reply {
        let outcome = format!(r#"{{"is":"answered","text":"{text}","stop":"end","input_tokens":9,"output_tokens":5}}"#);
        let data = format!(
            r#"{{"runtime":"{}","boot":"{}","effect":"{effect}","fence":{fence},"outcome":{outcome}}}"#,
            self.runtime, self.boot
        );
        self.must("effect.report", &data).await
    }

    /// Everything in memory is lost; the store stays.
    pub async fn restart(&mut self) {
        let store = Rc::new(self.store.clone());
        self.sequencer = Sequencer::claim(store, self.workspace, self.key).await.unwrap();
    }

    pub async fn everything_stored(&self) -> Vec<u8> {
        let name = self.workspace.to_string();
        let mut all = self.store.head(&name).await.unwrap().value;
        for event in self.store.events(&name, 0, 100_000).await.unwrap() {
            all.extend(event.body);
            all.extend(event.sealed);
        }
        for space in self.store.spaces(&name).await.unwrap() {
            for (key, row) in self.store.range(&name, &space, "", "\u{7f}", 1_000_000).await.unwrap() {
                all.extend(key.into_bytes());
                all.extend(row.value);
            }
        }
        all
    }
}
