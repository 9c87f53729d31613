//! A store as it was when its newest snapshots were not made yet.

use super::way::Shared;
use async_trait::async_trait;
use kernel::snapshot::{Manifest, SNAPSHOTS_SPACE};
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use sequencer::whole_log;
use std::rc::Rc;

/// What the disk holds, but for snapshots behind a position.
pub(crate) struct Older {
    pub(crate) disk: Shared,
    /// The last position of which there may be a snapshot.
    pub(crate) until: u64,
}

impl Older {
    /// What the disk holds, with events that are packed as if they were not.
    pub(crate) fn whole(disk: Shared) -> Rc<dyn Store> {
        whole_log(Rc::new(Self { disk, until: u64::MAX }))
    }

    fn shows(&self, space: &str, key: &str) -> bool {
        space != SNAPSHOTS_SPACE || Manifest::pos_of(key).is_none_or(|pos| pos <= self.until)
    }
}

#[async_trait(?Send)]
impl Store for Older {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.disk.store().create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.disk.store().delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.disk.store().delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.disk.store().workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.disk.store().claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.disk.store().head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let rows = self.disk.store().rows(workspace, addresses).await?;
        let shown = rows.into_iter().zip(addresses);
        Ok(shown.map(|(row, at)| row.filter(|_| self.shows(&at.space, &at.key))).collect())
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let mut rows = self.disk.store().range(workspace, space, after, until, limit).await?;
        rows.retain(|(key, _)| self.shows(space, key));
        Ok(rows)
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.disk.store().spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.disk.store().events(workspace, after, limit).await
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.disk.store().commit(workspace, batch).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.disk.store().drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.disk.store().check(workspace).await
    }
}
