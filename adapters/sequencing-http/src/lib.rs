//! The sequencer of a workspace, somewhere else on the same host.
//!
//! [`ElsewhereSequencing`] writes what it is asked as [`ports::wire`] says and hands the bytes to a [`Call`], which knows
//! the way: to a Durable Object, a sibling component, another process. There is one place a workspace's commands go to,
//! and a directory that tells which workspaces there are.

use async_trait::async_trait;
use bytes::Bytes;
use kernel::id::{Id, WorkspaceId};
use kernel::machine::{Reply, Request};
use ports::history::{HistoryAsk, HistorySlice};
use ports::read_models::ModelsAsk;
use ports::sequencing::{EffectView, EventView, SnapshotView, WorkspaceView};
use ports::space::{CompactView, SpaceView};
use ports::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use ports::views::{Query, TaskView};
use ports::wire::{self, Answered, Ask, Look, Replied, Sent, Told};
use ports::{Directory, LiveDelta, Sequencing, SequencingError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::rc::Rc;

/// The way to where a workspace is.
#[async_trait(?Send)]
pub trait Call {
    /// Send `ask` to the sequencer of `workspace` and wait for its answer. The error says why there is none; what was
    /// asked for may have happened.
    async fn call(&self, workspace: WorkspaceId, ask: Bytes) -> Result<Bytes, String>;
}

/// Sequencers elsewhere.
#[derive(Clone)]
pub struct ElsewhereSequencing {
    /// The way there.
    pub call: Rc<dyn Call>,
    /// Which workspaces there are.
    pub directory: Rc<dyn Directory>,
}

impl std::fmt::Debug for ElsewhereSequencing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ElsewhereSequencing")
    }
}

impl ElsewhereSequencing {
    /// Hand pieces of answers to those who watch `workspace`.
    pub async fn live(&self, workspace: WorkspaceId, deltas: Vec<LiveDelta>) -> Result<(), SequencingError> {
        self.ask(workspace, &Ask::Live(deltas)).await
    }

    async fn ask<T: DeserializeOwned>(&self, workspace: WorkspaceId, ask: &Ask) -> Result<T, SequencingError> {
        let answer = self.call.call(workspace, wire::ask(ask)?).await;
        wire::answered(&answer.map_err(SequencingError::Unavailable)?)
    }

    async fn look<T: DeserializeOwned>(&self, workspace: WorkspaceId, look: Look) -> Result<T, SequencingError> {
        self.ask(workspace, &Ask::Look(look)).await
    }

    async fn submit_all(
        &self,
        workspace: WorkspaceId,
        requests: &[Request],
    ) -> Result<Vec<Answered<Replied>>, SequencingError> {
        let sent = requests.iter().map(Sent::of).collect::<Answered<_>>()?;
        let replied: Vec<_> = self.ask(workspace, &Ask::Submit(sent)).await?;
        if replied.len() == requests.len() {
            return Ok(replied);
        }
        let why = format!("{} commands were sent and {} answered", requests.len(), replied.len());
        Err(SequencingError::Unavailable(why))
    }
}

#[async_trait(?Send)]
impl Sequencing for ElsewhereSequencing {
    async fn create(&self, workspace: WorkspaceId, principal: &str) -> Result<(), SequencingError> {
        self.ask::<()>(workspace, &Ask::Create).await?;
        // Last: what stands in the directory is there. Who is cut off in between asks again and is written down then.
        self.directory.register(principal, workspace).await
    }

    async fn workspaces(&self, principal: &str) -> Result<Vec<WorkspaceId>, SequencingError> {
        self.directory.list(principal).await
    }

    async fn submit(&self, workspace: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>> {
        match self.submit_all(workspace, &requests).await {
            Ok(replied) => replied.into_iter().map(|reply| reply.map(Into::into)).collect(),
            Err(error) => std::iter::repeat_n(Err(error), requests.len()).collect(),
        }
    }

    async fn events(
        &self,
        workspace: WorkspaceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventView>, SequencingError> {
        let told: Vec<Told> = self.look(workspace, Look::Events(after, limit)).await?;
        Ok(told.into_iter().map(Into::into).collect())
    }

    async fn moved(&self, workspace: WorkspaceId, after: u64, wait_ms: u64) -> Result<u64, SequencingError> {
        self.ask(workspace, &Ask::Moved { after, wait_ms }).await
    }

    async fn describe(&self, workspace: WorkspaceId) -> Result<WorkspaceView, SequencingError> {
        self.look(workspace, Look::Describe).await
    }

    async fn task(&self, workspace: WorkspaceId, task: Id) -> Result<Option<TaskView>, SequencingError> {
        self.look(workspace, Look::Task(task)).await
    }

    async fn settled(
        &self,
        workspace: WorkspaceId,
        task: Id,
        wait_ms: u64,
    ) -> Result<Option<TaskView>, SequencingError> {
        self.ask(workspace, &Ask::Settled { task, wait_ms }).await
    }

    async fn read(&self, workspace: WorkspaceId, query: Query) -> Result<Option<Value>, SequencingError> {
        self.look(workspace, Look::Read(query)).await
    }

    async fn models(&self, workspace: WorkspaceId, ask: ModelsAsk) -> Result<Value, SequencingError> {
        self.ask(workspace, &Ask::Models(ask)).await
    }

    async fn history(&self, workspace: WorkspaceId, ask: HistoryAsk) -> Result<HistorySlice, SequencingError> {
        self.look(workspace, Look::History(ask)).await
    }

    async fn due(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError> {
        self.look(workspace, Look::Due(limit)).await
    }

    async fn effect(&self, workspace: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError> {
        self.look(workspace, Look::Effect(effect)).await
    }

    async fn export(&self, workspace: WorkspaceId, ask: ExportAsk) -> Result<ExportSlice, SequencingError> {
        self.look(workspace, Look::Export(ask)).await
    }

    async fn import(
        &self,
        workspace: WorkspaceId,
        principal: &str,
        ask: ImportAsk,
    ) -> Result<ImportStand, SequencingError> {
        let stand: ImportStand = self.ask(workspace, &Ask::Import(ask)).await?;
        if stand.complete {
            // As in creating: what stands in the directory is there.
            self.directory.register(principal, workspace).await?;
        }
        Ok(stand)
    }

    async fn snapshots(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError> {
        self.look(workspace, Look::Snapshots).await
    }

    async fn snapshot(&self, workspace: WorkspaceId, whole: bool) -> Result<SnapshotView, SequencingError> {
        self.ask(workspace, &Ask::Snapshot { whole }).await
    }

    async fn space(&self, workspace: WorkspaceId) -> Result<SpaceView, SequencingError> {
        self.look(workspace, Look::Space).await
    }

    async fn compact(&self, workspace: WorkspaceId) -> Result<CompactView, SequencingError> {
        self.ask(workspace, &Ask::Compact).await
    }
}
