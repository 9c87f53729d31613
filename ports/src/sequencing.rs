//! The sequencer as other functions see it: one writer per workspace, somewhere.

use crate::history::{HistoryAsk, HistorySlice};
use crate::problem::Fault;
use crate::provider::{ModelRequest, ProviderEntry};
use crate::read_models::ModelsAsk;
use crate::space::{CompactView, Room, SpaceView};
use crate::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use crate::views::{Query, TaskView};
use async_trait::async_trait;
use kernel::entity::ApprovalKind;
use kernel::hash::HashText;
use kernel::id::{Id, WorkspaceId};
use kernel::key::Space;
use kernel::machine::{Reply, Request};
use kernel::reject::Rejection;
use kernel::storage::StoredEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why the sequencer has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequencingError {
    /// The workspace does not exist.
    NoWorkspace,
    /// The command was refused and is not remembered. Nothing changed.
    Refused(Rejection),
    /// Stored data is not what was written; the workspace takes no commands until it is repaired.
    Damaged(String),
    /// An export or import cannot go on: which fault it is, and what exactly happened. What was there is as it was.
    Transfer(Fault, String),
    /// No answer now: overloaded, restarting, or the store is away. Sending the same command again is safe.
    Unavailable(String),
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
    /// Whether there is room; absent where there is.
    #[serde(default, skip_serializing_if = "Room::is_enough")]
    pub room: Room,
    /// Roots of `main` and of control (and of live branches) at that position.
    pub roots: BTreeMap<Space, HashText>,
    /// Where an imported workspace came from; absent where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginView>,
    /// Where it is on its way to, or went; absent while it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moving: Option<MovingView>,
}

/// A snapshot of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SnapshotView {
    /// Position as of which it is.
    pub pos: u64,
    /// When it was made, milliseconds since 1970.
    pub made_at: u64,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of those rows, before compression.
    pub bytes: u64,
    /// Bytes that were written for it: what it does not share with snapshots before it.
    pub written: u64,
    /// State roots at its position.
    pub roots: BTreeMap<Space, HashText>,
    /// Why it cannot be used; absent where nothing is known to be wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Where a workspace is on its way to, or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovingView {
    /// The host.
    pub to: String,
    /// The last event of control: of the file, where it came in one and was not adopted yet.
    pub control: HashText,
    /// When the last lease is over, milliseconds since 1970; none when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leases_until: Option<u64>,
    /// The event by which it left, as it is stored; none as long as it is only frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// Where an imported workspace came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginView {
    /// Which incarnation this is; the one it was made in is 0.
    pub incarnation: u32,
    /// Whether its effects are held until somebody adopts it.
    pub held: bool,
    /// Position up to which the file went that it came in.
    pub pos: u64,
    /// Hash over that file.
    pub file: HashText,
}

/// Work that a runtime leased, content opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectView {
    /// The effect.
    pub effect: Id,
    /// The task it belongs to.
    pub task: Id,
    /// Fencing token of the newest lease.
    pub fence: u64,
    /// When that lease expires, milliseconds since 1970.
    pub expires_at: u64,
    /// An earlier attempt was lost: this one may repeat what took place already.
    pub in_doubt: bool,
    /// Sent outward with every attempt, always the same.
    pub idempotency_key: String,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Work {
    /// Call a model.
    Model {
        /// Whom to call.
        provider: ProviderEntry,
        /// What to say.
        request: ModelRequest,
    },
    /// Use a capability.
    Capability {
        /// Its name.
        capability: String,
        /// What it is given.
        arguments: Value,
        /// Rules of the egress broker: `hosts` and `private`.
        egress: Value,
    },
    /// Tell somebody that a person is waited for.
    Notice(Notice),
    /// There is nothing to do any more.
    Moot,
}

/// That a person is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The approval.
    pub approval: Id,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// Hash over what is to be decided.
    pub digest: HashText,
    /// What a person is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What is to be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Who is told, when nobody decided in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<String>,
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
    /// Make an empty workspace of that id for `principal`. Its first command is `workspace.create`. Making it again
    /// changes nothing.
    async fn create(&self, workspace: WorkspaceId, principal: &str) -> Result<(), SequencingError>;

    /// Workspaces of `principal` here. A host that everybody who has a token owns shows them all.
    async fn workspaces(&self, principal: &str) -> Result<Vec<WorkspaceId>, SequencingError>;

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

    /// Wait until `task` does not go on by itself, or `wait_ms` are over; then answer as [`Sequencing::task`].
    async fn settled(
        &self,
        workspace: WorkspaceId,
        task: Id,
        wait_ms: u64,
    ) -> Result<Option<TaskView>, SequencingError>;

    /// A read model; none when what is asked for is not there.
    async fn read(&self, workspace: WorkspaceId, query: Query) -> Result<Option<Value>, SequencingError>;

    /// What is asked of the read models that a projector keeps: the view that stands beside the question. They may be
    /// behind the log, and say how far.
    async fn models(&self, workspace: WorkspaceId, ask: ModelsAsk) -> Result<Value, SequencingError>;

    /// The next slice of an answer about the past.
    async fn history(&self, workspace: WorkspaceId, ask: HistoryAsk) -> Result<HistorySlice, SequencingError>;

    /// Effects that wait for a runtime, at most `limit`, held or not. Reads only.
    async fn due(&self, workspace: WorkspaceId, limit: usize) -> Result<Vec<Id>, SequencingError>;

    /// A leased effect, for the runtime that holds it.
    async fn effect(&self, workspace: WorkspaceId, effect: Id) -> Result<Option<EffectView>, SequencingError>;

    /// The next slice of the workspace as a file.
    async fn export(&self, workspace: WorkspaceId, ask: ExportAsk) -> Result<ExportSlice, SequencingError>;

    /// Take a workspace in that was exported elsewhere, a slice at a time. Until all of it was verified, the workspace does
    /// not exist for anything else.
    async fn import(
        &self,
        workspace: WorkspaceId,
        principal: &str,
        ask: ImportAsk,
    ) -> Result<ImportStand, SequencingError>;

    /// The snapshots of the workspace, the oldest first.
    async fn snapshots(&self, workspace: WorkspaceId) -> Result<Vec<SnapshotView>, SequencingError>;

    /// Make a snapshot of the workspace as it is, or find the one that is of it. `whole`: of all rows, whatever the one
    /// before says; this also writes again what is damaged of it.
    async fn snapshot(&self, workspace: WorkspaceId, whole: bool) -> Result<SnapshotView, SequencingError>;

    /// How much room the workspace takes, and what takes it.
    async fn space(&self, workspace: WorkspaceId) -> Result<SpaceView, SequencingError>;

    /// Pack what may be packed of the log, and remove what nothing refers to.
    async fn compact(&self, workspace: WorkspaceId) -> Result<CompactView, SequencingError>;
}
