//! The sequencer: the one writer of a workspace, over any store.
//!
//! It drives [`kernel::machine::Workspace`]: loads what the kernel asks for, decides waiting commands together, commits
//! them in one transaction, and answers only after the commit. It never calls out. A host gives it a turn per batch and
//! decides where it lives: an actor per workspace, a Durable Object, a stateless function.

mod answer;
mod export;
mod failure;
mod history;
mod import;
mod load;
mod past;
mod reads;
mod shared;
mod snapshots;
mod submit;
mod verify;
mod views;

pub use failure::Failure;
pub use import::is_under_way;
pub use shared::{Shared, Words};
pub use snapshots::{Making, Past, Usable};
pub use submit::Job;
pub use verify::{Finding, Verified, verify};

use kernel::id::WorkspaceId;
use kernel::machine::{Stop, Workspace};
use ports::{Store, StoreError};
use std::rc::Rc;

/// The most commands that are decided and committed together.
pub const BATCH_MAX: usize = 64;

/// A workspace with its store.
pub struct Sequencer {
    store: Rc<dyn Store>,
    workspace: Workspace,
    key: [u8; 32],
    /// What is in memory was not committed and could not be read again: it is not what the store holds.
    is_stale: bool,
    /// The import that is under way: until it is over, there is no workspace for anybody else.
    import: Option<import::Underway>,
    /// An import was given up, and everything with it: this sequencer has no store any more.
    is_gone: bool,
    /// What is held for snapshots.
    snapshots: snapshots::Snapshots,
    /// Earlier versions of rows that restores go back to.
    pinned: past::Pinned,
}

impl std::fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sequencer({} at {})", self.workspace.id(), self.workspace.pos())
    }
}

impl Sequencer {
    /// Take over the workspace: whoever wrote it before is fenced off. `key` wraps its data keys.
    pub async fn claim(store: Rc<dyn Store>, id: WorkspaceId, key: [u8; 32]) -> Result<Self, Failure> {
        let head = store.claim(&id.to_string()).await?;
        let workspace = Workspace::open(id, key, &head).map_err(broken)?;
        let import = import::under_way(&*store, id).await?;
        Ok(Self::over(store, workspace, key, import))
    }

    /// Open the workspace as one of several writers: nobody is fenced off, and whoever finds another head decides again.
    pub(crate) async fn share(store: Rc<dyn Store>, id: WorkspaceId, key: [u8; 32]) -> Result<Self, Failure> {
        let head = store.head(&id.to_string()).await?;
        let workspace = Workspace::open(id, key, &head).map_err(broken)?;
        let import = import::under_way(&*store, id).await?;
        Ok(Self::over(store, workspace, key, import))
    }

    fn over(store: Rc<dyn Store>, workspace: Workspace, key: [u8; 32], import: Option<import::Underway>) -> Self {
        let (snapshots, pinned) = (snapshots::Snapshots::default(), past::Pinned::default());
        Self { store, workspace, key, is_stale: false, import, is_gone: false, snapshots, pinned }
    }

    /// The workspace as the kernel holds it.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Forget everything that can be loaded again.
    pub fn forget(&mut self) {
        self.workspace.forget();
        self.snapshots.forget();
    }

    /// Position of the last event; 0 while nothing of the workspace may be seen.
    pub fn pos(&self) -> u64 {
        if self.import.is_some() { 0 } else { self.workspace.pos() }
    }

    /// Whether an import was given up: nothing is left that could be asked for, and whoever holds this drops it.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale
    }

    pub(crate) fn set_stale(&mut self) {
        self.is_stale = true;
    }

    pub(crate) fn mark_gone(&mut self) {
        (self.import, self.is_gone) = (None, true);
    }

    /// Whether there is a workspace for others than its import.
    pub(crate) fn exists(&self) -> Result<(), Failure> {
        if self.import.is_some() || self.is_gone { Err(Failure::Store(StoreError::NoWorkspace)) } else { Ok(()) }
    }

    /// Begin again from the stored head, as after a crash, without claiming: a writer that was fenced off stays so.
    pub(crate) async fn reopen(&mut self) -> Result<(), Failure> {
        let id = self.workspace.id();
        let head = self.store.head(&id.to_string()).await?;
        let head = kernel::storage::Head { epoch: self.workspace.epoch(), ..head };
        self.workspace = Workspace::open(id, self.key, &head).map_err(broken)?;
        self.import = import::under_way(&*self.store, id).await?;
        self.is_stale = false;
        // What was found out may rest on events that were never committed.
        self.pinned = past::Pinned::default();
        Ok(())
    }
}

fn broken(stop: Stop) -> Failure {
    match stop {
        Stop::Broken(what) => Failure::Store(StoreError::Damaged { what }),
        Stop::Refused(rejection) => Failure::Refused(rejection),
        Stop::Load(want) => Failure::Store(StoreError::Damaged { what: format!("{want:?} cannot be loaded") }),
    }
}
