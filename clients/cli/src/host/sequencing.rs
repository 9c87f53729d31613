//! The sequencer as this host's gateway and runtimes reach it: over channels, to the thread a workspace lives on.

use super::actor::{Handle, Question};
use super::ambient::Machine;
use super::projecting::{self, Keeping};
use super::shard::{Ask, Shard};
use async_trait::async_trait;
use kernel::id::{Id, WorkspaceId};
use kernel::machine::{Moment, Reply, Request};
use ports::history::{HistoryAsk, HistorySlice};
use ports::read_models::ModelsAsk;
use ports::sequencing::{EffectView, EventView, SnapshotView, WorkspaceView};
use ports::space::{CompactView, SpaceView};
use ports::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use ports::views::{Query, TaskStatus, TaskView};
use ports::{Clock as _, Entropy as _, Sequencing, SequencingError};
use sequencer::{Failure, Job};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};

/// Called when a workspace is opened, so that a runtime can begin to watch it.
type Opened = Box<dyn Fn(WorkspaceId, &Handle)>;

/// The way to every workspace of this host.
pub struct HostSequencing {
    /// Shards, each with what is held while one of its workspaces is opened.
    shards: Vec<(Shard, Mutex<()>)>,
    /// Whoever keeps read models.
    keeping: Keeping,
    open: RefCell<BTreeMap<WorkspaceId, Handle>>,
    opened: RefCell<Option<Opened>>,
}

impl HostSequencing {
    /// Over these shards, with read models that are kept there.
    pub fn new(shards: Vec<Shard>, keeping: Keeping) -> Self {
        let shards = shards.into_iter().map(|shard| (shard, Mutex::new(()))).collect();
        Self { shards, keeping, open: RefCell::default(), opened: RefCell::default() }
    }

    /// Call `opened` for every workspace that is opened from now on.
    pub fn on_open(&self, opened: Opened) {
        *self.opened.borrow_mut() = Some(opened);
    }

    /// Open every workspace there is: work that a crash left goes on without anybody asking.
    pub async fn open_all(&self) -> Result<(), SequencingError> {
        for id in self.all().await? {
            // One that cannot be opened says so to whoever asks for it; the others go on.
            let _ = self.handle(id).await;
        }
        Ok(())
    }

    /// Every workspace there is.
    async fn all(&self) -> Result<Vec<WorkspaceId>, SequencingError> {
        // Every shard sees the same directory.
        let (reply, answer) = oneshot::channel();
        self.shards.first().ok_or_else(gone)?.0.send(Ask::Workspaces(reply)).map_err(|_| gone())?;
        let names = answer.await.map_err(|_| gone())?.map_err(|why| SequencingError::from(Failure::from(why)))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The way to a workspace, opened if need be.
    pub async fn handle(&self, id: WorkspaceId) -> Result<Handle, SequencingError> {
        if let Some(handle) = self.living(id) {
            return Ok(handle);
        }
        let (shard, opening) = self.shard(id)?;
        // Opening claims the workspace: a second claim would fence off the first while commands wait behind it.
        let _alone = opening.lock().await;
        if let Some(handle) = self.living(id) {
            return Ok(handle);
        }
        let (reply, answer) = oneshot::channel();
        shard.send(Ask::Open(id, reply)).map_err(|_| gone())?;
        let handle = answer.await.map_err(|_| gone())??;
        self.open.borrow_mut().insert(id, handle.clone());
        // Without whoever keeps them, models are asked in vain, and everything else goes on.
        let _ = self.keeping.send(projecting::Ask::Follow(id, handle.pos.clone()));
        if let Some(opened) = self.opened.borrow().as_ref() {
            opened(id, &handle);
        }
        Ok(handle)
    }

    /// The way to a workspace that is open.
    fn living(&self, id: WorkspaceId) -> Option<Handle> {
        self.open.borrow().get(&id).filter(|handle| !handle.ask.is_closed()).cloned()
    }

    fn shard(&self, id: WorkspaceId) -> Result<&(Shard, Mutex<()>), SequencingError> {
        let nth = usize::from(id.0[15]) % self.shards.len().max(1);
        self.shards.get(nth).ok_or_else(gone)
    }

    async fn ask<T>(
        &self,
        id: WorkspaceId,
        question: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Question,
    ) -> Result<T, SequencingError> {
        let (reply, answer) = oneshot::channel();
        self.handle(id).await?.ask.try_send(question(reply)).map_err(|_| overloaded())?;
        Ok(answer.await.map_err(|_| gone())??)
    }

    /// Make an empty workspace in the store; one that exists is left as it is.
    async fn make(&self, workspace: WorkspaceId) -> Result<(), SequencingError> {
        let (reply, answer) = oneshot::channel();
        self.shard(workspace)?.0.send(Ask::Create(workspace, reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(|why| Failure::from(why).into())
    }

    async fn submit_all(
        &self,
        id: WorkspaceId,
        requests: Vec<Request>,
    ) -> Result<Vec<Result<Reply, Failure>>, SequencingError> {
        let now_ms = Machine.now_ms();
        let mut jobs = Vec::with_capacity(requests.len());
        for request in requests {
            let entropy = Machine.random().map_err(|why| SequencingError::Unavailable(why.0))?;
            jobs.push(Job { request, moment: Moment { now_ms, entropy } });
        }
        let (reply, answer) = oneshot::channel();
        self.handle(id).await?.ask.try_send(Question::Submit(jobs, reply)).map_err(|_| overloaded())?;
        answer.await.map_err(|_| gone())
    }
}

fn gone() -> SequencingError {
    SequencingError::Unavailable("the host is stopping".to_owned())
}

fn overloaded() -> SequencingError {
    SequencingError::Unavailable("too many requests wait for this workspace".to_owned())
}

#[async_trait(?Send)]
impl Sequencing for HostSequencing {
    async fn create(&self, workspace: WorkspaceId, _: &str) -> Result<(), SequencingError> {
        self.make(workspace).await
    }

    /// One machine has one owner.
    async fn workspaces(&self, _: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        self.all().await
    }

    async fn submit(&self, workspace: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>> {
        let count = requests.len();
        match self.submit_all(workspace, requests).await {
            Ok(outcomes) => outcomes.into_iter().map(|outcome| outcome.map_err(Into::into)).collect(),
            Err(error) => std::iter::repeat_n(Err(error), count).collect(),
        }
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventView>, SequencingError> {
        self.ask(workspace, |reply| Question::Events(after, limit, reply)).await
    }

    async fn moved(&self, workspace: WorkspaceId, after: u64, wait_ms: u64) -> Result<u64, SequencingError> {
        let mut pos = self.handle(workspace).await?.pos;
        if *pos.borrow() == 0 {
            // An import that is under way is no workspace that one could wait for.
            self.describe(workspace).await?;
        }
        let beyond = pos.wait_for(|pos| *pos > after);
        let moved = tokio::time::timeout(Duration::from_millis(wait_ms), beyond).await;
        match moved.map(|moved| moved.map(|pos| *pos)) {
            Ok(Ok(pos)) => Ok(pos),
            Ok(Err(_)) => Err(gone()),
            Err(_) => Ok(*pos.borrow()),
        }
    }

    async fn describe(&self, workspace: WorkspaceId) -> Result<WorkspaceView, SequencingError> {
        self.ask(workspace, Question::Describe).await
    }

    async fn task(&self, workspace: WorkspaceId, task: Id) -> Result<Option<TaskView>, SequencingError> {
        self.ask(workspace, |reply| Question::Task(task, reply)).await
    }

    async fn settled(
        &self,
        workspace: WorkspaceId,
        task: Id,
        wait_ms: u64,
    ) -> Result<Option<TaskView>, SequencingError> {
        let mut pos = self.handle(workspace).await?.pos;
        let over = tokio::time::Instant::now() + Duration::from_millis(wait_ms);
        loop {
            pos.borrow_and_update();
            let view = self.task(workspace, task).await?;
            let waits = |task: &TaskView| task.summary.status == TaskStatus::Running;
            if !view.as_ref().is_some_and(waits) || tokio::time::timeout_at(over, pos.changed()).await.is_err() {
                return Ok(view);
            }
        }
    }

    async fn read(&self, workspace: WorkspaceId, query: Query) -> Result<Option<Value>, SequencingError> {
        self.ask(workspace, |reply| Question::Read(query, reply)).await
    }

    async fn models(&self, workspace: WorkspaceId, ask: ModelsAsk) -> Result<Value, SequencingError> {
        let pos = self.handle(workspace).await?.pos;
        if *pos.borrow() == 0 {
            // An import that is under way has no models.
            self.describe(workspace).await?;
        }
        let (reply, answer) = oneshot::channel();
        self.keeping.send(projecting::Ask::Models(workspace, ask, reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| SequencingError::Unavailable("the read models did not answer".to_owned()))?
    }

    async fn history(&self, workspace: WorkspaceId, ask: HistoryAsk) -> Result<HistorySlice, SequencingError> {
        self.ask(workspace, |reply| Question::History(ask, reply)).await
    }

    async fn due(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError> {
        self.ask(workspace, |reply| Question::Due(limit, reply)).await
    }

    async fn effect(&self, workspace: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError> {
        self.ask(workspace, |reply| Question::Effect(effect, reply)).await
    }

    async fn export(&self, workspace: WorkspaceId, ask: ExportAsk) -> Result<ExportSlice, SequencingError> {
        self.ask(workspace, |reply| Question::Export(ask, reply)).await
    }

    async fn import(&self, workspace: WorkspaceId, _: &str, ask: ImportAsk) -> Result<ImportStand, SequencingError> {
        if matches!(ask, ImportAsk::Begin { .. }) {
            self.make(workspace).await?;
        }
        let entropy = Machine.random().map_err(|why| SequencingError::Unavailable(why.0))?;
        let moment = Moment { now_ms: Machine.now_ms(), entropy };
        self.ask(workspace, |reply| Question::Import(ask, moment, reply)).await
    }

    async fn snapshots(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError> {
        self.ask(workspace, Question::Snapshots).await
    }

    async fn snapshot(&self, workspace: WorkspaceId, whole: bool) -> Result<SnapshotView, SequencingError> {
        self.ask(workspace, |reply| Question::Snapshot(whole, reply)).await
    }

    async fn space(&self, workspace: WorkspaceId) -> Result<SpaceView, SequencingError> {
        self.ask(workspace, Question::Space).await
    }

    async fn compact(&self, workspace: WorkspaceId) -> Result<CompactView, SequencingError> {
        self.ask(workspace, Question::Compact).await
    }
}
