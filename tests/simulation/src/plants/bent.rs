//! A store that is good but for one twist.

use crate::disk::Disk;
use async_trait::async_trait;
use kernel::hash::{Domain, hash};
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use testkit::store::Subject;

/// Where a bug may sit. Whatever is not told otherwise is as it should be.
#[async_trait(?Send)]
pub(crate) trait Twist {
    /// A row was read.
    fn read(&self, _at: &Address, row: Option<Row>) -> Option<Row> {
        row
    }

    /// Events were read.
    fn events(&self, _events: &mut Vec<StoredEvent>) {}

    /// A batch is committed.
    fn commit(&self, _batch: &mut Batch) {}

    /// It was committed.
    async fn committed(&self, _disk: &Disk, _workspace: &str, _before: &[(Address, Option<Row>)]) {}

    /// Whether rows are wanted as they were before each commit.
    fn looks_back(&self) -> bool {
        false
    }

    /// Everything died, and begins again.
    async fn reopened(&self, _disk: &Disk) {}

    /// Somebody claims; whether nothing is raised for it.
    fn claims_nothing(&self) -> bool {
        false
    }

    /// Whether damage comes with a hash that fits.
    fn hides_damage(&self) -> bool {
        false
    }
}

/// A row that says `value` now, by a hash that fits.
pub(super) fn saying(row: &Row, value: Vec<u8>) -> Row {
    Row { hash: hash(Domain::Row, &[&value]), value, since: row.since }
}

/// A disk with a twist.
pub(crate) struct Bent {
    disk: Disk,
    twist: Box<dyn Twist>,
}

impl Bent {
    pub(crate) fn new(disk: Disk, twist: Box<dyn Twist>) -> Self {
        Self { disk, twist }
    }

    async fn before(&self, workspace: &str, batch: &Batch) -> Result<Vec<(Address, Option<Row>)>, StoreError> {
        if !self.twist.looks_back() {
            return Ok(Vec::new());
        }
        let addresses: Vec<Address> = batch.writes.iter().map(|(at, _)| at.clone()).collect();
        let rows = self.disk.rows(workspace, &addresses).await?;
        Ok(addresses.into_iter().zip(rows).collect())
    }
}

#[async_trait(?Send)]
impl Subject for Bent {
    fn store(&self) -> &dyn Store {
        self
    }

    async fn reopen(&mut self) -> Result<(), String> {
        self.twist.reopened(&self.disk).await;
        self.disk.reopen().await
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        if !self.twist.hides_damage() {
            return self.disk.alter_row(workspace, at).await;
        }
        let said = |error: StoreError| error.to_string();
        let row = self.disk.rows(workspace, std::slice::from_ref(at)).await.map_err(said)?.into_iter().flatten().next();
        let Some(mut row) = row else { return Ok(()) };
        row.value.iter_mut().take(1).for_each(|byte| *byte ^= 1);
        let head = self.disk.head(workspace).await.map_err(said)?;
        let (expected_pos, epoch, pos) = (head.pos, head.epoch, head.pos);
        let altered = saying(&row, row.value.clone());
        let writes = vec![(at.clone(), kernel::storage::Write::Put(altered))];
        let batch = Batch { expected_pos, epoch, pos, head: head.value, writes, ..Batch::default() };
        self.disk.commit(workspace, &batch).await.map_err(said)
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.disk.alter_event(workspace, pos).await
    }
}

#[async_trait(?Send)]
impl Store for Bent {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.disk.create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.disk.delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.disk.delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.disk.workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        if self.twist.claims_nothing() { self.disk.head(workspace).await } else { self.disk.claim(workspace).await }
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.disk.head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let rows = self.disk.rows(workspace, addresses).await?;
        Ok(rows.into_iter().zip(addresses).map(|(row, at)| self.twist.read(at, row)).collect())
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let rows = self.disk.range(workspace, space, after, until, limit).await?;
        Ok(rows
            .into_iter()
            .filter_map(|(key, row)| {
                let row = self.twist.read(&Address::new(space, key.as_str()), Some(row))?;
                Some((key, row))
            })
            .collect())
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.disk.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = self.disk.events(workspace, after, limit).await?;
        self.twist.events(&mut events);
        Ok(events)
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let before = self.before(workspace, batch).await?;
        let mut bent = batch.clone();
        self.twist.commit(&mut bent);
        bent.writes.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.disk.commit(workspace, &bent).await?;
        self.twist.committed(&self.disk, workspace, &before).await;
        Ok(())
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.disk.drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.disk.check(workspace).await
    }
}
