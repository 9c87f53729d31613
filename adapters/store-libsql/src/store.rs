//! The storage port over the files.

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Sizes, Space, Store, StoreError};

use crate::LibsqlStore;
use crate::check::as_finding;
use crate::open::Open;
use crate::whole::Stored;

#[async_trait(?Send)]
impl Store for LibsqlStore {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        let odd = |_| StoreError::Unavailable("a workspace id has 1 to 64 characters of a-z, 0-9, _ and -".into());
        Open::create(&self.dir, &self.dir.files(workspace).map_err(odd)?)
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        let files = self.dir.files(workspace)?;
        let _alone = self.dir.one_at_a_time();
        self.close(workspace);
        self.dir.remove(&files)
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        let files = self.dir.files(workspace)?;
        let _alone = self.dir.one_at_a_time();
        self.with(workspace, |open| open.fence_off(pos, epoch))?;
        self.close(workspace);
        self.dir.remove(&files)
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.dir.workspaces()
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.with(workspace, Open::claim)
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.with(workspace, |open| open.head().map(Stored::into_head))
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.with(workspace, |open| open.rows(addresses))
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.with(workspace, |open| {
            let rows = open.reads.range(&open.files, space, [after, until], limit);
            rows.map_err(|trouble| trouble.about(&open.files))
        })
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.with(workspace, |open| open.reads.spaces(&open.files).map_err(|trouble| trouble.about(&open.files)))
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.with(workspace, |open| {
            open.reads.events(&open.files, after, limit).map_err(|trouble| trouble.about(&open.files))
        })
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.with(workspace, |open| open.commit(batch))
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.with(workspace, |open| open.drop_sealed(pos))
    }

    async fn space(&self, workspace: &str) -> Result<Space, StoreError> {
        let limit = self.limit;
        self.with(workspace, |open| open.space(limit).map_err(|trouble| trouble.about(&open.files)))
    }

    async fn sizes(&self, workspace: &str) -> Result<Sizes, StoreError> {
        self.with(workspace, |open| open.sizes().map_err(|trouble| trouble.about(&open.files)))
    }

    /// A file that cannot even be opened is a finding too.
    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        match self.with(workspace, Open::check) {
            Err(error) => Ok(vec![as_finding(error)?]),
            found => found,
        }
    }
}
