//! The way to the disk, on which answers are lost, requests are lost, and requests arrive after they were given up.

use super::rng::Rng;
use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use testkit::store::Subject;

/// What may go wrong on the way, and what is under way.
#[derive(Debug)]
pub(super) struct Faults {
    rng: RefCell<Rng>,
    is_on: Cell<bool>,
    /// Commits whose sender was told nothing, and which have not arrived yet.
    under_way: RefCell<Vec<(String, Batch)>>,
}

impl Faults {
    pub(super) fn new(rng: Rng) -> Self {
        Self { rng: RefCell::new(rng), is_on: Cell::new(false), under_way: RefCell::default() }
    }

    pub(super) fn turn(&self, on: bool) {
        self.is_on.set(on);
    }

    /// The machine that sent them is gone, and they with it.
    pub(super) fn lose_what_is_under_way(&self) {
        self.under_way.borrow_mut().clear();
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.under_way.borrow().is_empty()
    }

    fn happens(&self, percent: u64) -> bool {
        self.is_on.get() && self.rng.borrow_mut().chance(percent)
    }
}

/// A store behind that way.
pub(super) struct Faulty<S> {
    pub(super) disk: Rc<S>,
    pub(super) faults: Rc<Faults>,
}

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("the store did not answer".to_owned()))
}

impl<S: Subject> Faulty<S> {
    /// What was under way may arrive before the next request does.
    async fn reach(&self, percent_lost: u64) -> Result<&dyn Store, StoreError> {
        if !self.faults.is_quiet() && (self.faults.happens(30) || !self.faults.is_on.get()) {
            let late = std::mem::take(&mut *self.faults.under_way.borrow_mut());
            for (workspace, batch) in late {
                // Nobody waits for the answer any more.
                let _ = self.disk.store().commit(&workspace, &batch).await;
            }
        }
        if self.faults.happens(percent_lost) { away() } else { Ok(self.disk.store()) }
    }

    /// A replica that lags answers that there is no record of a request: the insert has to notice.
    fn missed(&self, at: &Address) -> bool {
        at.key.starts_with("idempotency/") && self.faults.happens(3)
    }
}

#[async_trait(?Send)]
impl<S: Subject> Store for Faulty<S> {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.reach(0).await?.create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.reach(0).await?.delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.reach(0).await?.delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.reach(2).await?.workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.reach(2).await?.claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.reach(5).await?.head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let rows = self.reach(1).await?.rows(workspace, addresses).await?;
        Ok(rows.into_iter().zip(addresses).map(|(row, at)| row.filter(|_| !self.missed(at))).collect())
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.reach(1).await?.range(workspace, space, after, until, limit).await
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.reach(1).await?.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.reach(1).await?.events(workspace, after, limit).await
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let store = self.reach(4).await?;
        if self.faults.happens(3) {
            self.faults.under_way.borrow_mut().push((workspace.to_owned(), batch.clone()));
            return away();
        }
        store.commit(workspace, batch).await?;
        if self.faults.happens(4) { away() } else { Ok(()) }
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.reach(1).await?.drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.reach(1).await?.check(workspace).await
    }
}
