//! Workspaces made without HTTP, and histories for them.

use kernel::command::Command;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::{DeviceId, Id, KeyId, Role, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::machine::{Identity, Moment, Reply, Request};
use ports::Store;
use sequencer::{Job, Sequencer};
use serde_json::{Value, json};
use std::rc::Rc;

/// A workspace of one device.
pub struct Desk {
    pub sequencer: Sequencer,
    pub workspace: WorkspaceId,
    pub device: DeviceId,
    sent: u64,
}

pub const KEY: [u8; 32] = [5; 32];
const PUBLIC_KEY: [u8; 32] = [3; 32];

impl Desk {
    /// A new workspace in `store`.
    pub async fn create(store: Rc<dyn Store>, salt: u8) -> Result<Self, String> {
        let workspace = WorkspaceId::new(&PUBLIC_KEY, &[salt; 16]);
        store.create(&workspace.to_string()).await.map_err(|why| why.to_string())?;
        let mut desk = Self::open(store, workspace, 0).await?;
        let data = json!({ "name": "bench", "public_key": HashText(PUBLIC_KEY) });
        desk.must("workspace.create", &data).await?;
        Ok(desk)
    }

    /// A workspace that is there; `sent` tells its commands from those sent before.
    pub async fn open(store: Rc<dyn Store>, workspace: WorkspaceId, sent: u64) -> Result<Self, String> {
        let sequencer = Sequencer::claim(store, workspace, KEY).await.map_err(|why| format!("{why:?}"))?;
        Ok(Self { sequencer, workspace, device: DeviceId::of(&PUBLIC_KEY), sent })
    }

    /// The same workspace, by somebody who knows nothing of it yet.
    pub async fn again(self, store: Rc<dyn Store>) -> Result<Self, String> {
        Self::open(store, self.workspace, self.sent).await
    }

    pub fn job(&mut self, name: &str, data: &Value) -> Result<Job, String> {
        self.sent += 1;
        let mut key = [0; 16];
        key.iter_mut().zip(hash(Domain::Identity, &[&self.sent.to_be_bytes()])).for_each(|(to, from)| *to = from);
        let text = data.to_string();
        let request = Request {
            identity: Identity::Key { key: KeyId(key), device: self.device, incarnation: 0 },
            hash: HashText(hash(Domain::Command, &[text.as_bytes()])),
            actor: "owner".to_owned(),
            on_behalf_of: Vec::new(),
            authored_ms: 1_800_000_000_000 + self.sent,
            branch: BranchId::Main,
            command: Command::parse(name, &text).map_err(|why| format!("{why:?}"))?,
        };
        let entropy = hash(Domain::Identity, &[b"entropy", &self.sent.to_be_bytes()]);
        Ok(Job { request, moment: Moment { now_ms: 1_800_000_000_000 + self.sent, entropy } })
    }

    pub async fn must(&mut self, name: &str, data: &Value) -> Result<Reply, String> {
        let job = self.job(name, data)?;
        self.submit(&[job]).await?.pop().ok_or_else(|| "there was no reply".to_owned())
    }

    pub async fn submit(&mut self, jobs: &[Job]) -> Result<Vec<Reply>, String> {
        let mut replies = Vec::with_capacity(jobs.len());
        for outcome in self.sequencer.submit(jobs).await {
            let reply = outcome.map_err(|why| format!("{why:?}"))?;
            if let Some(rejected) = reply.rejected {
                return Err(format!("rejected: {rejected:?}"));
            }
            replies.push(reply);
        }
        Ok(replies)
    }

    /// Tasks, `each` at a time.
    pub async fn tasks(&mut self, count: usize, each: usize) -> Result<(), String> {
        let mut left = count;
        while left > 0 {
            let now = left.min(each);
            let jobs: Result<Vec<Job>, String> =
                (0..now).map(|n| self.job("task.create", &json!({ "title": title(left - n) }))).collect();
            self.submit(&jobs?).await?;
            left -= now;
        }
        Ok(())
    }

    /// A provider, an agent, and a runtime that joined.
    pub async fn staff(&mut self) -> Result<(Id, RuntimeId), String> {
        let provider =
            json!({ "name": "p", "dialect": "openai-chat", "base_url": "http://127.0.0.1:1/v1", "model": "m" });
        let provider = made(&self.must("provider.define", &provider).await?, Role::Provider)?;
        let agent =
            made(&self.must("agent.define", &json!({ "name": "a", "provider": provider })).await?, Role::Agent)?;
        let runtime = RuntimeId { device: self.device, slot: 0 };
        self.must("runtime.join", &json!({ "runtime": runtime, "boot": boot() })).await?;
        Ok((agent, runtime))
    }
}

pub fn boot() -> String {
    kernel::id::BootId([1; 16]).to_string()
}

pub fn title(n: usize) -> String {
    format!("ticket {n}: the invoice of last month was charged twice")
}

pub fn made(reply: &Reply, role: Role) -> Result<Id, String> {
    reply.made.iter().copied().find(|id| id.role == role).ok_or_else(|| format!("no {} was made", role.name()))
}

/// Run to the end on this thread.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    testkit::block_on(work)
}
