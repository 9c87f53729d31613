//! The way to the disk: others come in between, answers are lost, requests are lost, and requests arrive after they were given
//! up. Every call of a store waits here until the schedule lets it go on, and a crash finds it before, after or in the midst.

use super::rng::Rng;
use super::rule::{Rule, Wrong};
use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::{Store, StoreError};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;
use testkit::store::Subject;

/// The disk, as all share it.
pub(crate) type Shared = Rc<Box<dyn Subject>>;

/// What may go wrong on the way, and what is under way.
#[derive(Debug)]
pub(crate) struct Weather {
    /// Of the step that is played.
    rng: RefCell<Rng>,
    is_on: Cell<bool>,
    /// Whether the disk takes nothing more.
    is_full: Cell<bool>,
    /// Commits whose senders are gone or were told nothing, and which have not arrived yet.
    late: RefCell<Vec<(String, Batch)>>,
    /// How often something may have been written.
    writes: Cell<u64>,
    /// The highest token that a claim was given.
    epoch: Cell<u64>,
    /// What a store did that no store may do.
    wrong: RefCell<Option<Wrong>>,
    /// What happened on the way in this step.
    notes: RefCell<Vec<&'static str>>,
}

impl Weather {
    pub(crate) fn new() -> Self {
        Self {
            rng: RefCell::new(Rng::new(0)),
            is_on: Cell::new(false),
            is_full: Cell::new(false),
            late: RefCell::default(),
            writes: Cell::new(0),
            epoch: Cell::new(0),
            wrong: RefCell::default(),
            notes: RefCell::default(),
        }
    }

    /// A step begins, with numbers of its own.
    pub(crate) fn begin(&self, rng: Rng) {
        self.rng.replace(rng);
    }

    pub(crate) fn turn(&self, on: bool) {
        self.is_on.set(on);
        if !on {
            self.is_full.set(false);
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    pub(crate) fn fill(&self, full: bool) {
        self.is_full.set(full);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full.get()
    }

    /// The machine that sent them is gone, and they with it.
    pub(crate) fn lose_what_is_late(&self) {
        self.late.borrow_mut().clear();
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes.get()
    }

    pub(crate) fn wrong(&self) -> Option<Wrong> {
        self.wrong.borrow_mut().take()
    }

    pub(crate) fn notes(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.notes.borrow_mut())
    }

    fn note(&self, what: &'static str) {
        if self.is_on.get() {
            self.notes.borrow_mut().push(what);
        }
    }

    fn happens(&self, mille: u64) -> bool {
        self.is_on.get() && self.rng.borrow_mut().rarely(mille)
    }

    fn has_written(&self) {
        self.writes.set(self.writes.get() + 1);
    }

    fn is_wrong(&self, rule: Rule, what: String) {
        self.wrong.borrow_mut().get_or_insert(rule.by(what));
    }

    /// Here the schedule decides who goes on: before a question arrives, and before its answer is taken.
    async fn pass(&self) {
        let mut waits = self.is_on.get();
        std::future::poll_fn(|_| if std::mem::take(&mut waits) { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    /// A request arrives, after what was under way longer, perhaps.
    async fn arrive(&self, disk: &Shared, lost: u64) -> Result<(), StoreError> {
        if !self.late.borrow().is_empty() && (self.happens(300) || !self.is_on.get()) {
            let late = std::mem::take(&mut *self.late.borrow_mut());
            for (workspace, batch) in late {
                self.note("a commit arrives that was given up");
                self.has_written();
                // Nobody waits for the answer any more.
                let _ = disk.store().commit(&workspace, &batch).await;
            }
        }
        if self.happens(lost) { self.away("a question to the store is lost") } else { Ok(()) }
    }

    fn away<T>(&self, note: &'static str) -> Result<T, StoreError> {
        self.note(note);
        Err(StoreError::Unavailable(note.to_owned()))
    }
}

/// A store behind that way.
pub(crate) struct Way {
    pub(crate) disk: Shared,
    pub(crate) weather: Rc<Weather>,
    /// A commit that goes on by itself should its sender die now.
    sending: RefCell<Option<(String, Batch)>>,
}

impl Way {
    pub(crate) fn new(disk: Shared, weather: Rc<Weather>) -> Self {
        Self { disk, weather, sending: RefCell::default() }
    }

    /// Whoever used it died. What was sent and had not arrived may still arrive.
    pub(crate) fn is_left(&self) {
        self.weather.late.borrow_mut().extend(self.sending.borrow_mut().take());
    }

    async fn reach(&self, lost: u64) -> Result<&dyn Store, StoreError> {
        self.weather.pass().await;
        self.weather.arrive(&self.disk, lost).await?;
        Ok(self.disk.store())
    }

    /// A replica that lags answers that there is no record of a request: the insert has to notice.
    fn missed(&self, at: &Address) -> bool {
        at.key.starts_with("idempotency/") && self.weather.happens(30)
    }
}

#[async_trait(?Send)]
impl Store for Way {
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
        self.reach(20).await?.workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        let head = self.reach(20).await?.claim(workspace).await?;
        let before = self.weather.epoch.replace(head.epoch);
        if head.epoch <= before {
            self.weather.is_wrong(Rule::Ownership, format!("a claim was given token {} after {before}", head.epoch));
        }
        self.weather.pass().await;
        Ok(head)
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        let head = self.reach(20).await?.head(workspace).await;
        self.weather.pass().await;
        head
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let rows = self.reach(5).await?.rows(workspace, addresses).await?;
        self.weather.pass().await;
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
        let rows = self.reach(5).await?.range(workspace, space, after, until, limit).await;
        self.weather.pass().await;
        rows
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.reach(5).await?.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let events = self.reach(5).await?.events(workspace, after, limit).await;
        self.weather.pass().await;
        events
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        let weather = &self.weather;
        if weather.happens(250) {
            self.sending.replace(Some((workspace.to_owned(), batch.clone())));
        }
        let arrived = self.reach(30).await;
        self.sending.take();
        let store = arrived?;
        if weather.is_full() {
            return weather.away("a commit is refused: the disk is full");
        }
        if weather.happens(30) {
            weather.late.borrow_mut().push((workspace.to_owned(), batch.clone()));
            return weather.away("a commit is on its way, and its sender is told nothing");
        }
        store.commit(workspace, batch).await?;
        weather.has_written();
        if batch.epoch < weather.epoch.get() {
            weather.is_wrong(Rule::OneHead, format!("a writer that was fenced off wrote up to {}", batch.pos));
        }
        weather.pass().await;
        if weather.happens(40) { weather.away("the answer to a commit is lost") } else { Ok(()) }
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.reach(5).await?.drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.reach(5).await?.check(workspace).await
    }
}
