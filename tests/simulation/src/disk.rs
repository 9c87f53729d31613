//! What a crash leaves: a store in memory, with a journal of what was really written.

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use ports::{Store, StoreError};
use std::cell::RefCell;
use std::rc::Rc;
use store_memory::MemoryStore;
use testkit::store::Subject;

/// A row that was written, or removed.
pub(crate) type Written = (Address, Option<Row>);

/// What was written since it was last looked at.
#[derive(Debug, Clone, Default)]
pub struct Journal(Rc<RefCell<Vec<Written>>>);

impl Journal {
    /// Take what was written.
    pub(crate) fn take(&self) -> Vec<Written> {
        std::mem::take(&mut *self.0.borrow_mut())
    }

    fn note(&self, batch: &Batch) {
        let of_state = |at: &Address| !["chunks", "blobs", "snapshots", "import"].contains(&at.space.as_str());
        let rows = batch.writes.iter().filter(|(at, _)| of_state(at) && !at.space.starts_with("pages/"));
        let written = rows.map(|(at, write)| match write {
            Write::Put(row) | Write::Insert(row) => (at.clone(), Some(row.clone())),
            Write::Delete => (at.clone(), None),
        });
        self.0.borrow_mut().extend(written);
    }
}

/// A disk that keeps what it acknowledged.
#[derive(Debug, Default)]
pub struct Disk {
    store: MemoryStore,
    journal: Journal,
}

impl Disk {
    /// What is written on it.
    pub(crate) fn journal(&self) -> Journal {
        self.journal.clone()
    }
}

#[async_trait(?Send)]
impl Subject for Disk {
    fn store(&self) -> &dyn Store {
        self
    }

    async fn reopen(&mut self) -> Result<(), String> {
        Ok(())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        self.store.alter_row(workspace, at).map(drop).map_err(|error| error.to_string())
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.store.alter_event(workspace, pos).map(drop).map_err(|error| error.to_string())
    }
}

#[async_trait(?Send)]
impl Store for Disk {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.store.create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.store.delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.store.delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.store.workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.store.claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.store.head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.store.rows(workspace, addresses).await
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.store.range(workspace, space, after, until, limit).await
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.store.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.events(workspace, after, limit).await
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.store.commit(workspace, batch).await?;
        self.journal.note(batch);
        Ok(())
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.store.drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.store.check(workspace).await
    }
}
