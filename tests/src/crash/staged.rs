//! A store that says where it stands in a commit.

use super::{Stage, StageFile};
use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use std::time::Duration;

/// A store around another. It holds still for a moment before and after each commit: the moments themselves are too
/// short for a kill from outside to find them.
pub struct Staged<S> {
    inner: S,
    file: StageFile,
    still: Duration,
}

impl<S> Staged<S> {
    /// Around `inner`, telling `file`.
    pub fn new(inner: S, file: StageFile, still: Duration) -> Self {
        Self { inner, file, still }
    }

    fn say(&self, stage: Stage) -> Result<(), StoreError> {
        self.file.say(stage).map_err(|why| StoreError::Unavailable(format!("the stage file: {why}")))
    }
}

#[async_trait(?Send)]
impl<S: Store> Store for Staged<S> {
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
        self.inner.claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.inner.head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.inner.rows(workspace, addresses).await
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.inner.range(workspace, space, after, until, limit).await
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.inner.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.events(workspace, after, limit).await
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.say(Stage::Before)?;
        std::thread::sleep(self.still);
        self.say(Stage::Within)?;
        let done = self.inner.commit(workspace, batch).await;
        if done.is_ok() {
            self.say(Stage::After)?;
            std::thread::sleep(self.still);
        }
        self.say(Stage::Between)?;
        done
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
