//! Adapters that break one promise each, so that the suite can be seen to go red.
//!
//! [`Broken`] wraps a good subject and lies in one place only. Each [`Fault`] names the case that has to catch it.

use std::cell::RefCell;

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use ports::{Conflict, Store, StoreError};

use crate::store::Subject;

/// The promise that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Acknowledges a commit while it is in memory only.
    AcksEarly,
    /// Writes on whatever head there is.
    ForgetsHead,
    /// Takes an insert for a put, so that a command sent twice is written twice.
    NoDedupe,
    /// Accepts the token of a writer that was fenced off.
    AcceptsStaleToken,
    /// Gives a row back with another byte in it.
    AltersRow,
    /// Leaves an event out of the log.
    DropsEvent,
    /// Leaves the first half of a batch behind when the second half fails.
    TearsWrite,
    /// Removes a workspace to which somebody wrote meanwhile.
    DeletesAnyHead,
    /// Removes events by a commit of its own, before the one that says so.
    TrimsEarly,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 9] = [
        Self::AcksEarly,
        Self::ForgetsHead,
        Self::NoDedupe,
        Self::AcceptsStaleToken,
        Self::AltersRow,
        Self::DropsEvent,
        Self::TearsWrite,
        Self::DeletesAnyHead,
        Self::TrimsEarly,
    ];

    /// Name of the case of the storage suite that exists to catch this fault.
    pub const fn caught_by(self) -> &'static str {
        match self {
            Self::AcksEarly => "what was acknowledged is there after a restart",
            Self::ForgetsHead => "a commit on a head that moved is refused",
            Self::NoDedupe => "a taken address refuses the whole batch",
            Self::AcceptsStaleToken => "a writer that was fenced off writes nothing",
            Self::AltersRow => "rows answer in the order asked",
            Self::DropsEvent => "a commit appends its events and replaces the head",
            Self::TearsWrite => "a value too large refuses the whole batch",
            Self::DeletesAnyHead => "a workspace is deleted at a position or stays whole",
            Self::TrimsEarly => "a commit that is refused removes no event",
        }
    }
}

/// A good subject with one fault.
pub struct Broken<S> {
    good: S,
    fault: Fault,
    unwritten: RefCell<Vec<(String, Batch)>>,
}

impl<S: Subject> Broken<S> {
    /// `good`, but for `fault`.
    pub fn new(good: S, fault: Fault) -> Self {
        Self { good, fault, unwritten: RefCell::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Write down what was only acknowledged, as a store that buffers does when it gets round to it.
    async fn catch_up(&self) -> &dyn Store {
        let unwritten = std::mem::take(&mut *self.unwritten.borrow_mut());
        for (workspace, batch) in unwritten {
            let _nobody_hears_of_it = self.good.store().commit(&workspace, &batch).await;
        }
        self.good.store()
    }

    async fn ack_early(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let head = self.catch_up().await.head(workspace).await?;
        if (head.pos, head.epoch) != (batch.expected_pos, batch.epoch) {
            return self.good.store().commit(workspace, batch).await;
        }
        self.unwritten.borrow_mut().push((workspace.into(), batch.clone()));
        Ok(())
    }

    async fn forget_head(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let head = self.good.store().head(workspace).await?;
        let mut moved = Batch { expected_pos: head.pos, pos: head.pos, ..batch.clone() };
        for event in &mut moved.events {
            moved.pos += 1;
            event.pos = moved.pos;
        }
        self.good.store().commit(workspace, &moved).await
    }

    async fn tear(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let refusal = match self.good.store().commit(workspace, batch).await {
            Err(refusal @ (StoreError::TooLarge { .. } | StoreError::Conflict(Conflict::Taken(_)))) => refusal,
            other => return other,
        };
        let writes = batch.writes.iter().take(1).cloned().collect();
        let half = Batch { pos: batch.expected_pos, events: Vec::new(), writes, ..batch.clone() };
        self.good.store().commit(workspace, &half).await?;
        Err(refusal)
    }

    async fn trim_early(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let head = self.good.store().head(workspace).await?;
        let Some(trim) = batch.trim.filter(|trim| *trim < head.pos) else { return Ok(()) };
        let (pos, epoch) = (head.pos, head.epoch);
        let early = Batch { expected_pos: pos, epoch, pos, head: head.value, trim: Some(trim), ..Batch::default() };
        self.good.store().commit(workspace, &early).await
    }

    fn seen(&self, mut row: Row) -> Row {
        if let Some(byte) = row.value.first_mut().filter(|_| self.has(Fault::AltersRow)) {
            *byte ^= 1;
        }
        row
    }
}

#[async_trait(?Send)]
impl<S: Subject> Subject for Broken<S> {
    fn store(&self) -> &dyn Store {
        self
    }

    async fn reopen(&mut self) -> Result<(), String> {
        self.unwritten.borrow_mut().clear();
        self.good.reopen().await
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        self.catch_up().await;
        self.good.alter_row(workspace, at).await
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.catch_up().await;
        self.good.alter_event(workspace, pos).await
    }
}

#[async_trait(?Send)]
impl<S: Subject> Store for Broken<S> {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.catch_up().await.create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.catch_up().await.delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        let store = self.catch_up().await;
        if self.has(Fault::DeletesAnyHead) {
            return store.delete(workspace).await;
        }
        store.delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.catch_up().await.workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.catch_up().await.claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.catch_up().await.head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let rows = self.catch_up().await.rows(workspace, addresses).await?;
        Ok(rows.into_iter().map(|row| Some(self.seen(row?))).collect())
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let rows = self.catch_up().await.range(workspace, space, after, until, limit).await?;
        Ok(rows.into_iter().map(|(key, row)| (key, self.seen(row))).collect())
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.catch_up().await.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = self.catch_up().await.events(workspace, after, limit).await?;
        events.retain(|event| !(self.has(Fault::DropsEvent) && event.pos == 2));
        Ok(events)
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let mut bent = batch.clone();
        match self.fault {
            Fault::AcksEarly => return self.ack_early(workspace, batch).await,
            Fault::ForgetsHead => return self.forget_head(workspace, batch).await,
            Fault::TearsWrite => return self.tear(workspace, batch).await,
            Fault::NoDedupe => bent.writes.iter_mut().for_each(|(_, write)| overwrite(write)),
            Fault::AcceptsStaleToken => bent.epoch = self.good.store().head(workspace).await?.epoch,
            Fault::TrimsEarly => self.trim_early(workspace, batch).await?,
            Fault::AltersRow | Fault::DropsEvent | Fault::DeletesAnyHead => {}
        }
        self.good.store().commit(workspace, &bent).await
    }

    async fn space(&self, workspace: &str) -> Result<ports::Space, StoreError> {
        self.catch_up().await.space(workspace).await
    }

    async fn sizes(&self, workspace: &str) -> Result<ports::Sizes, StoreError> {
        self.catch_up().await.sizes(workspace).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.catch_up().await.drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.catch_up().await.check(workspace).await
    }
}

fn overwrite(write: &mut Write) {
    if let Write::Insert(row) = write {
        *write = Write::Put(row.clone());
    }
}
