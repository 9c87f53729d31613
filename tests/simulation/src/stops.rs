//! A store that is there for so many calls and no longer: whoever uses it dies at the next one.

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use std::cell::Cell;
use std::rc::Rc;

/// A store that stops answering, before a call or behind it.
pub struct Stops {
    good: Rc<dyn Store>,
    left: Cell<u64>,
}

impl Stops {
    /// `good`, which answers as long as [`Stops::after`] lets it.
    pub fn over(good: Rc<dyn Store>) -> Self {
        Self { good, left: Cell::new(u64::MAX) }
    }

    /// It answers so many times more. Every call counts twice: before it is made, and before its answer comes.
    pub fn after(&self, times: u64) {
        self.left.set(times);
    }

    fn counts(&self) -> Result<(), StoreError> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| StoreError::Unavailable("it is gone".to_owned()))?;
        self.left.set(left);
        Ok(())
    }

    fn answer<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.counts().and(answer)
    }
}

#[async_trait(?Send)]
impl Store for Stops {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.counts()?;
        self.answer(self.good.create(workspace).await)
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.counts()?;
        self.answer(self.good.delete(workspace).await)
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.counts()?;
        self.answer(self.good.delete_at(workspace, pos, epoch).await)
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.counts()?;
        self.answer(self.good.workspaces().await)
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.counts()?;
        self.answer(self.good.claim(workspace).await)
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.counts()?;
        self.answer(self.good.head(workspace).await)
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.counts()?;
        self.answer(self.good.rows(workspace, addresses).await)
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.counts()?;
        self.answer(self.good.range(workspace, space, after, until, limit).await)
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.counts()?;
        self.answer(self.good.spaces(workspace).await)
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.counts()?;
        self.answer(self.good.events(workspace, after, limit).await)
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.counts()?;
        self.answer(self.good.commit(workspace, batch).await)
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.counts()?;
        self.answer(self.good.drop_sealed(workspace, pos).await)
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.counts()?;
        self.answer(self.good.check(workspace).await)
    }
}
