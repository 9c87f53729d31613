//! Playing a history: the same commands in the same order, by different mechanics.

use kernel::hash::HashText;
use kernel::id::WorkspaceId;
use kernel::key::Space;
use kernel::machine::Reply;
use ports::Store;
use proptest::prelude::*;
use sequencer::{Failure, Finding, Job, Sequencer, verify};
use std::collections::BTreeMap;
use std::rc::Rc;
use store_memory::{Dump, MemoryStore};

/// What is done between two batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    Nothing,
    /// Everything that can be loaded again is forgotten.
    Forget,
    /// The process ends, and another one claims the workspace.
    Restart,
    /// Somebody reads, so that other rows are in memory than commands need.
    Read,
}

/// One batch: how many commands, and what comes before it.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many commands are decided and committed together.
    pub batch: usize,
    /// What is done before.
    pub before: Between,
}

/// Mechanics by which a history may be played; repeated until it is over.
pub fn paces() -> impl Strategy<Value = Vec<Pace>> {
    let before = prop_oneof![
        2 => Just(Between::Nothing), 2 => Just(Between::Forget), 1 => Just(Between::Restart), 1 => Just(Between::Read)
    ];
    let batch = prop_oneof![Just(1usize), 2usize..8, 8usize..=64];
    proptest::collection::vec((batch, before).prop_map(|(batch, before)| Pace { batch, before }), 1..8)
}

/// A workspace in memory.
pub struct World {
    /// Its store.
    pub store: MemoryStore,
    /// Its id; every world has the same one.
    pub workspace: WorkspaceId,
    /// The key under which its data keys are wrapped.
    pub key: [u8; 32],
    /// Its sequencer.
    pub sequencer: Sequencer,
}

impl World {
    /// An empty workspace.
    pub async fn new() -> Self {
        let (store, key) = (MemoryStore::new(), [5; 32]);
        let workspace = WorkspaceId::new(&[1; 32], &[9; 16]);
        store.create(&workspace.to_string()).await.expect("the store is empty");
        let sequencer = Sequencer::claim(Rc::new(store.clone()), workspace, key).await.expect("the workspace is there");
        Self { store, workspace, key, sequencer }
    }

    /// The process ends, and another one claims the workspace.
    pub async fn restart(&mut self) {
        let store = Rc::new(self.store.clone());
        self.sequencer = Sequencer::claim(store, self.workspace, self.key).await.expect("the workspace is there");
    }

    /// Have `jobs` decided by these mechanics.
    pub async fn play(&mut self, jobs: &[Job], paces: &[Pace]) -> Vec<Result<Reply, Failure>> {
        let (mut replies, mut rest, mut turn) = (Vec::with_capacity(jobs.len()), jobs, 0);
        while !rest.is_empty() {
            let pace = paces.get(turn % paces.len().max(1)).copied();
            let pace = pace.unwrap_or(Pace { batch: 1, before: Between::Nothing });
            match pace.before {
                Between::Nothing => {}
                Between::Forget => self.sequencer.forget(),
                Between::Restart => self.restart().await,
                Between::Read => drop(self.roots().await),
            }
            let (batch, after) = rest.split_at(pace.batch.min(rest.len()));
            replies.extend(self.sequencer.submit(batch).await);
            (rest, turn) = (after, turn + 1);
        }
        replies
    }

    /// Have one job decided.
    pub async fn send(&mut self, job: &Job) -> Result<Reply, Failure> {
        self.sequencer.submit(std::slice::from_ref(job)).await.pop().expect("one job has one answer")
    }

    /// Roots, as the sequencer says them.
    pub async fn roots(&mut self) -> BTreeMap<Space, HashText> {
        self.sequencer.describe().await.expect("a workspace can be described").roots
    }

    /// Everything that is not as written.
    pub async fn findings(&self) -> Vec<Finding> {
        verify(&self.store, self.workspace, &self.key).await.expect("memory can be read").findings
    }

    /// Roots, as the events lead to them.
    pub async fn replayed_roots(&self) -> BTreeMap<Space, HashText> {
        verify(&self.store, self.workspace, &self.key).await.expect("memory can be read").roots
    }

    /// Everything the store holds.
    pub fn dump(&self) -> Dump {
        self.store.dump(&self.workspace.to_string()).expect("the workspace is there")
    }
}
