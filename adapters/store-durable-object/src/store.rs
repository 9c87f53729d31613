//! The storage port over the object.

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::store::{refuse_malformed, refuse_other_head};
use ports::{Sizes, Space, Store, StoreError};

use crate::DurableObjectStore;
use crate::fault::damaged;

/// Bytes that the platform lets an object have.
const OBJECT_BYTES_MAX: u64 = 10_000_000_000;

#[async_trait(?Send)]
impl Store for DurableObjectStore {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        refuse_odd(workspace)?;
        self.make(workspace)
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.unmake(&self.stored(workspace)?)
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        // As with a commit, nothing comes between.
        let stored = self.stored(workspace)?;
        refuse_other_head(&stored.head, pos, epoch)?;
        self.unmake(&stored)
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        if !self.is_made()? {
            return Ok(Vec::new());
        }
        let found = self.sql.run("SELECT ws FROM heads ORDER BY ws", &[])?;
        found.iter().map(|found| found.text(0).ok_or_else(|| damaged("the name of a workspace"))).collect()
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.take(workspace)
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        Ok(self.stored(workspace)?.head)
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.rows_at(self.nr(workspace)?, addresses)
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.rows_between(self.nr(workspace)?, space, [after, until], limit)
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.names_of_spaces(self.nr(workspace)?)
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.events_after(self.nr(workspace)?, after, limit)
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        // Nothing comes between this and the transaction: an object does one thing at a time.
        let stored = self.stored(workspace)?;
        refuse_malformed(batch)?;
        refuse_other_head(&stored.head, batch.expected_pos, batch.epoch)?;
        self.sql.transaction(|| self.write(workspace, stored.nr, batch))
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.unseal(workspace, pos)
    }

    async fn space(&self, workspace: &str) -> Result<Space, StoreError> {
        self.nr(workspace)?;
        Ok(Space { used: self.sql.bytes(), limit: Some(OBJECT_BYTES_MAX) })
    }

    async fn sizes(&self, workspace: &str) -> Result<Sizes, StoreError> {
        self.sizes_of(self.nr(workspace)?)
    }

    /// Damage that keeps the check itself from reading is a finding too.
    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        match self.look(workspace) {
            Err(StoreError::Damaged { what }) => Ok(vec![what]),
            found => found,
        }
    }
}

/// Refuse what is no workspace id. Other stores make file names of ids, and all of them are equally strict.
fn refuse_odd(id: &str) -> Result<(), StoreError> {
    let plain = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
    if plain && (1..=64).contains(&id.len()) {
        return Ok(());
    }
    Err(StoreError::Unavailable("a workspace id has 1 to 64 characters of a-z, 0-9, _ and -".into()))
}
