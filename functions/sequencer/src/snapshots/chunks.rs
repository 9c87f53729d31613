//! Chunks that were read. A chunk's name is its hash, so what is held can never be out of date.

use crate::{Failure, Sequencer};
use kernel::hash::HashText;
use kernel::snapshot::{Chunk, Halt, Node};
use kernel::storage::Address;
use ports::StoreError;
use std::collections::{BTreeMap, BTreeSet};

/// Chunks held between two questions; together some two megabytes.
const HELD_MAX: usize = 128;

/// Chunks read with one question to the store.
const TOGETHER: usize = 64;

/// Chunks in memory.
#[derive(Debug, Default)]
pub(super) struct Chunks(BTreeMap<HashText, Node>);

impl Chunks {
    /// What the chunk of that name holds, if it is in memory.
    pub(super) fn node(&self, name: &HashText) -> Option<&Node> {
        self.0.get(name)
    }

    /// Hold a chunk that was made here.
    pub(super) fn hold(&mut self, chunk: &Chunk) {
        self.0.extend(Node::read(chunk).map(|node| (chunk.hash(), node)));
    }

    /// Make room before the next question.
    pub(super) fn trim(&mut self) {
        if self.0.len() > HELD_MAX {
            self.0.clear();
        }
    }
}

impl Sequencer {
    /// Ask `question` of the chunks in memory until none has to be loaded any more.
    pub(super) async fn ask_chunks<T>(&mut self, question: impl Fn(&Chunks) -> Result<T, Halt>) -> Result<T, Failure> {
        loop {
            match question(&self.snapshots.chunks) {
                Ok(answer) => return Ok(answer),
                Err(Halt::Load(names)) => self.load_chunks(&names).await?,
                Err(Halt::Unfit(name)) => return Err(unfit(&name)),
            }
        }
    }

    /// Load chunks of rows and of indexes.
    pub(super) async fn load_chunks(&mut self, names: &BTreeSet<HashText>) -> Result<(), Failure> {
        for chunk in self.stored_chunks(names.iter().copied().collect()).await? {
            let node = Node::read(&chunk).ok_or_else(|| damaged(&chunk.hash(), "it is malformed"))?;
            self.snapshots.chunks.0.insert(chunk.hash(), node);
        }
        Ok(())
    }

    /// Chunks as they are stored, in the order of `names`. One that is not there or not whole is an error that names it.
    pub(super) async fn stored_chunks(&self, names: Vec<HashText>) -> Result<Vec<Chunk>, Failure> {
        let found = self.read_chunks(names).await;
        if matches!(found, Err(Failure::Store(StoreError::Damaged { .. }))) {
            self.snapshots.met_damage.set(true);
        }
        found
    }

    async fn read_chunks(&self, names: Vec<HashText>) -> Result<Vec<Chunk>, Failure> {
        let mut chunks = Vec::with_capacity(names.len());
        for some in names.chunks(TOGETHER) {
            let addresses: Vec<Address> = some.iter().map(Chunk::address).collect();
            let rows = self.store.rows(&self.name(), &addresses).await?;
            for (name, row) in some.iter().zip(rows) {
                let row = row.ok_or_else(|| damaged(name, "it is not there"))?;
                chunks.push(Chunk::open(name, &row.value).ok_or_else(|| damaged(name, "it was altered"))?);
            }
        }
        Ok(chunks)
    }
}

/// A chunk that is whole, and not the one that belongs there.
pub(super) fn unfit(name: &HashText) -> Failure {
    damaged(name, "it is not what stands above it says")
}

/// A chunk that cannot be used.
pub(super) fn damaged(name: &HashText, why: &str) -> Failure {
    StoreError::Damaged { what: format!("chunk {name} of a snapshot: {why}") }.into()
}
