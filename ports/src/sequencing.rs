//! The sequencer as other functions see it: one writer per workspace, somewhere.

use crate::provider::{ModelRequest, ProviderEntry};
use async_trait::async_trait;
use kernel::entity::StepStatus;
use kernel::hash::HashText;
use kernel::id::{Id, WorkspaceId};
use kernel::key::Space;
use kernel::machine::{Reply, Request};
use kernel::reject::Rejection;
use kernel::storage::StoredEvent;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why the sequencer has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequencingError {
    /// The workspace does not exist.
    NoWorkspace,
    /// The command was refused and is not remembered. Nothing changed.
    Refused(Rejection),
    /// Stored data is not what was written; the workspace takes no commands until it is repaired.
    Damaged(String),
    /// No answer now: overloaded, restarting, or the store is away. Sending the same command again is safe.
    Unavailable(String),
}

/// A task with its conversation, content opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// The task.
    pub id: Id,
    /// What it is about; absent when its key was destroyed.
    pub title: Option<String>,
    /// Its steps, oldest first; the newest 64.
    pub steps: Vec<StepView>,
    /// Tokens its requests had.
    pub input_tokens: u64,
    /// Tokens its answers had.
    pub output_tokens: u64,
}

/// A step, content opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// The step.
    pub id: Id,
    /// The agent that is asked.
    pub agent: Id,
    /// Its effect.
    pub effect: Id,
    /// Where it stands.
    pub status: StepStatus,
    /// What was asked; absent when its key was destroyed.
    pub prompt: Option<String>,
    /// The answer, if there is one that can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// How often its effect was leased.
    pub attempts: u64,
    /// How many attempts were lost: from one on, the effect may have taken place more than once, under one key.
    pub lost: u64,
    /// How many reports came too late and were kept.
    pub late: u64,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
    /// Kind of failure.
    pub class: String,
    /// What happened.
    pub detail: Option<String>,
}

/// Where a workspace stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceView {
    /// The workspace.
    pub id: WorkspaceId,
    /// What people call it.
    pub name: Option<String>,
    /// Position of the last event.
    pub pos: u64,
    /// Version of all that enters hashes.
    pub format: u32,
    /// Roots of `main` and of control (and of live branches) at that position.
    pub roots: BTreeMap<Space, HashText>,
}

/// A model call that a runtime leased, content opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectView {
    /// The effect.
    pub effect: Id,
    /// Fencing token of the newest lease.
    pub fence: u64,
    /// When that lease expires, milliseconds since 1970.
    pub expires_at: u64,
    /// An earlier attempt was lost: this one may repeat what took place already.
    pub in_doubt: bool,
    /// Sent outward with every attempt, always the same.
    pub idempotency_key: String,
    /// Whom to call.
    pub provider: ProviderEntry,
    /// What to say.
    pub request: ModelRequest,
}

/// An event as it is shown: the stored bytes, and its content opened by field name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// The event as stored.
    pub event: StoredEvent,
    /// Its content by field; none where the key was destroyed.
    pub content: BTreeMap<String, Option<String>>,
}

/// One writer per workspace.
#[async_trait(?Send)]
pub trait Sequencing {
    /// Make an empty workspace of that id. Its first command is `workspace.create`. Making it again changes nothing.
    async fn create(&self, workspace: WorkspaceId) -> Result<(), SequencingError>;

    /// Workspaces here.
    async fn workspaces(&self) -> Result<Vec<WorkspaceId>, SequencingError>;

    /// Decide and commit commands, in order; answers come after the commit. One refusal does not stop the others.
    async fn submit(&self, workspace: WorkspaceId, requests: Vec<Request>) -> Vec<Result<Reply, SequencingError>>;

    /// Committed events after a position, at most `limit`, content opened.
    async fn events(&self, workspace: WorkspaceId, after: u64, limit: usize)
    -> Result<Vec<EventView>, SequencingError>;

    /// Wait until the last committed event is beyond `after`, or `wait_ms` are over; then answer with its position.
    async fn moved(&self, workspace: WorkspaceId, after: u64, wait_ms: u64) -> Result<u64, SequencingError>;

    /// Where the workspace stands.
    async fn describe(&self, workspace: WorkspaceId) -> Result<WorkspaceView, SequencingError>;

    /// A task.
    async fn task(&self, workspace: WorkspaceId, task: Id) -> Result<Option<TaskView>, SequencingError>;

    /// Wait until `task` has no waiting step, or `wait_ms` are over; then answer as [`Sequencing::task`].
    async fn settled(
        &self,
        workspace: WorkspaceId,
        task: Id,
        wait_ms: u64,
    ) -> Result<Option<TaskView>, SequencingError>;

    /// Effects that wait for a runtime, at most `limit`. Reads only.
    async fn due(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError>;

    /// A leased effect, for the runtime that holds it.
    async fn effect(&self, workspace: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError>;
}
