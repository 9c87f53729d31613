//! The sequencer of a workspace, as a stream sees it: what it would wait for is heard on the socket, so that the object
//! need not stay awake for it.

use crate::watch::Watch;
use async_trait::async_trait;
use cloudflare::Isolate;
use futures_util::future::{Either, select};
use kernel::id::{Id, WorkspaceId};
use kernel::machine::{Reply, Request};
use ports::history::{HistoryAsk, HistorySlice};
use ports::read_models::ModelsAsk;
use ports::sequencing::{EffectView, EventView, SnapshotView, WorkspaceView};
use ports::space::{CompactView, SpaceView};
use ports::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use ports::views::{Query, TaskView};
use ports::{Sequencing, SequencingError, Timer as _};
use serde_json::Value;
use std::pin::pin;
use std::rc::Rc;

/// A sequencer of which one workspace is watched.
pub struct Watched {
    elsewhere: Rc<dyn Sequencing>,
    watch: Rc<Watch>,
}

impl Watched {
    /// `elsewhere`, with waiting left to `watch`.
    pub fn new(elsewhere: Rc<dyn Sequencing>, watch: Rc<Watch>) -> Self {
        Self { elsewhere, watch }
    }
}

#[async_trait(?Send)]
impl Sequencing for Watched {
    async fn moved(&self, workspace: WorkspaceId, after: u64, wait_ms: u64) -> Result<u64, SequencingError> {
        let Some(heard) = self.watch.heard().filter(|_| wait_ms > 0) else {
            return self.elsewhere.moved(workspace, after, wait_ms).await;
        };
        match select(pin!(heard.beyond(after)), pin!(Isolate.sleep(wait_ms))).await {
            Either::Left((Some(pos), _)) => Ok(pos),
            Either::Left((None, _)) => Err(SequencingError::Unavailable("the workspace hung up".to_owned())),
            Either::Right(_) => Ok(heard.pos()),
        }
    }

    async fn create(&self, workspace: WorkspaceId, principal: &str) -> Result<(), SequencingError> {
        self.elsewhere.create(workspace, principal).await
    }

    async fn workspaces(&self, principal: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        self.elsewhere.workspaces(principal).await
    }

    async fn submit(&self, workspace: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>> {
        self.elsewhere.submit(workspace, requests).await
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventView>, SequencingError> {
        self.elsewhere.events(workspace, after, limit).await
    }

    async fn describe(&self, workspace: WorkspaceId) -> Result<WorkspaceView, SequencingError> {
        self.elsewhere.describe(workspace).await
    }

    async fn task(&self, workspace: WorkspaceId, task: Id) -> Result<Option<TaskView>, SequencingError> {
        self.elsewhere.task(workspace, task).await
    }

    async fn settled(
        &self,
        workspace: WorkspaceId,
        task: Id,
        wait_ms: u64,
    ) -> Result<Option<TaskView>, SequencingError> {
        self.elsewhere.settled(workspace, task, wait_ms).await
    }

    async fn read(&self, workspace: WorkspaceId, query: Query) -> Result<Option<Value>, SequencingError> {
        self.elsewhere.read(workspace, query).await
    }

    async fn models(&self, workspace: WorkspaceId, ask: ModelsAsk) -> Result<Value, SequencingError> {
        self.elsewhere.models(workspace, ask).await
    }

    async fn history(&self, workspace: WorkspaceId, ask: HistoryAsk) -> Result<HistorySlice, SequencingError> {
        self.elsewhere.history(workspace, ask).await
    }

    async fn due(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError> {
        self.elsewhere.due(workspace, limit).await
    }

    async fn effect(&self, workspace: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError> {
        self.elsewhere.effect(workspace, effect).await
    }

    async fn export(&self, workspace: WorkspaceId, ask: ExportAsk) -> Result<ExportSlice, SequencingError> {
        self.elsewhere.export(workspace, ask).await
    }

    async fn import(
        &self,
        workspace: WorkspaceId,
        principal: &str,
        ask: ImportAsk,
    ) -> Result<ImportStand, SequencingError> {
        self.elsewhere.import(workspace, principal, ask).await
    }

    async fn snapshots(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError> {
        self.elsewhere.snapshots(workspace).await
    }

    async fn snapshot(&self, workspace: WorkspaceId, whole: bool) -> Result<SnapshotView, SequencingError> {
        self.elsewhere.snapshot(workspace, whole).await
    }

    async fn space(&self, workspace: WorkspaceId) -> Result<SpaceView, SequencingError> {
        self.elsewhere.space(workspace).await
    }

    async fn compact(&self, workspace: WorkspaceId) -> Result<CompactView, SequencingError> {
        self.elsewhere.compact(workspace).await
    }
}
