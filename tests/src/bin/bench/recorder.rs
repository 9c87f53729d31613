//! A store that remembers the batches it was given.

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use store_memory::MemoryStore;

/// Remembers batches and counts loads.
pub struct Recorder<S = MemoryStore> {
    inner: Rc<S>,
    batches: Rc<RefCell<Vec<Batch>>>,
    loads: Rc<Cell<u64>>,
    keep: bool,
}

impl<S> Clone for Recorder<S> {
    fn clone(&self) -> Self {
        let Self { inner, batches, loads, keep } = self;
        Self { inner: Rc::clone(inner), batches: Rc::clone(batches), loads: Rc::clone(loads), keep: *keep }
    }
}

impl<S> Recorder<S> {
    pub fn new(inner: S) -> Self {
        Self { inner: Rc::new(inner), batches: Rc::default(), loads: Rc::default(), keep: true }
    }

    /// Counts loads and keeps no batches.
    pub fn counting(inner: S) -> Self {
        Self { keep: false, ..Self::new(inner) }
    }

    pub fn clear(&self) {
        self.batches.borrow_mut().clear();
        self.loads.set(0);
    }

    pub fn batches(&self) -> Vec<Batch> {
        self.batches.take()
    }

    /// The store itself.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    pub fn loads(&self) -> u64 {
        self.loads.get()
    }

    fn load(&self) {
        self.loads.set(self.loads.get() + 1);
    }
}

#[async_trait(?Send)]
impl<S: Store> Store for Recorder<S> {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.inner.create(workspace).await
    }
    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.inner.delete(workspace).await
    }
    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.inner.delete_at(workspace, pos, epoch).await
    }
    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.inner.workspaces().await
    }
    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.load();
        self.inner.claim(workspace).await
    }
    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.load();
        self.inner.head(workspace).await
    }
    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.load();
        self.inner.rows(workspace, addresses).await
    }
    async fn range(
        &self,
        w: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.load();
        self.inner.range(w, space, after, until, limit).await
    }
    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.inner.spaces(workspace).await
    }
    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.load();
        self.inner.events(workspace, after, limit).await
    }
    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        if self.keep {
            self.batches.borrow_mut().push(batch.clone());
        }
        self.inner.commit(workspace, batch).await
    }
    async fn space(&self, workspace: &str) -> Result<ports::Space, StoreError> {
        self.inner.space(workspace).await
    }

    async fn sizes(&self, workspace: &str) -> Result<ports::Sizes, StoreError> {
        self.inner.sizes(workspace).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.inner.drop_sealed(workspace, pos).await
    }
    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.inner.check(workspace).await
    }
}
