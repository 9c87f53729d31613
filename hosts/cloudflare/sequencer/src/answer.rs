//! Answering what an object is asked.

use crate::desk::{Desk, unavailable};
use crate::watch;
use bytes::Bytes;
use cloudflare::Isolate;
use futures_util::future::{Either, select};
use kernel::id::Id;
use kernel::machine::Moment;
use ports::space::CompactView;
use ports::transfer::{ImportAsk, ImportStand};
use ports::views::{TaskStatus, TaskView};
use ports::wire::{self, Answered, Ask, Look, Replied, Sent};
use ports::{Clock as _, Entropy as _, SequencingError, SnapshotView, Timer as _};
use sequencer::{Compacting, Job, Making};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use worker::Delay;

/// The longest wait. A request that waits keeps the object awake, and whoever asks may ask again.
const WAIT_MS_MAX: u64 = 30_000;

impl Desk {
    /// The answer to `ask`, which came in so many bytes.
    pub async fn answer(self: &Rc<Self>, ask: Ask, bytes: usize) -> Bytes {
        match ask {
            Ask::Create => wire::answer(&self.create()),
            Ask::Submit(sent) => wire::answer(&self.decide(sent, bytes).await),
            Ask::Moved { after, wait_ms } => wire::answer(&self.moved(after, wait_ms).await),
            Ask::Settled { task, wait_ms } => wire::answer(&self.settled(task, wait_ms).await),
            Ask::Live(deltas) => {
                watch::tell_deltas(&self.platform, &deltas);
                wire::answer(&Ok(()))
            }
            Ask::Import(ask) => wire::answer(&self.take_in(ask)),
            Ask::Snapshot { whole } => wire::answer(&self.snapshot(whole).await),
            Ask::Compact => wire::answer(&self.compact().await),
            Ask::Models(ask) => wire::answer(&self.ask_models(ask).await),
            Ask::Look(look) => self.look(&look),
        }
    }

    /// Do something about an import. Beginning it makes the workspace, which is nobody's until it is whole.
    fn take_in(self: &Rc<Self>, ask: ImportAsk) -> Answered<ImportStand> {
        if matches!(ask, ImportAsk::Begin { .. }) {
            self.create()?;
        }
        let moment = moment()?;
        let (done, is_gone) = self.turn(async |sequencer| {
            let done = sequencer.import(ask, moment).await;
            (done, sequencer.is_gone())
        })?;
        if is_gone {
            self.seat.leave();
        }
        Ok(done?)
    }

    /// Make a snapshot, slice by slice: between two of them whatever else is asked is answered.
    async fn snapshot(&self, whole: bool) -> Answered<SnapshotView> {
        loop {
            let slice = self.turn(async |sequencer| sequencer.snapshot_slice(whole, Isolate.now_ms()).await)??;
            match slice {
                Making::Made(view) => return Ok(view),
                Making::Underway => Delay::from(Duration::ZERO).await,
            }
        }
    }

    /// Make room, slice by slice in the same way.
    async fn compact(self: &Rc<Self>) -> Answered<CompactView> {
        loop {
            let slice = self.turn(async |sequencer| sequencer.compact_slice(Isolate.now_ms()).await)??;
            match slice {
                Compacting::Done(view) => return Ok(view),
                Compacting::Underway => Delay::from(Duration::ZERO).await,
            }
        }
    }

    fn look(&self, look: &Look) -> Bytes {
        let looked = self.turn(async |sequencer| sequencer.look(look).await);
        looked.unwrap_or_else(|error| wire::answer::<()>(&Err(error)))
    }

    /// Decide and commit. A command that cannot be read is answered so, and the others are decided.
    async fn decide(self: &Rc<Self>, sent: Vec<Sent>, bytes: usize) -> Answered<Vec<Answered<Replied>>> {
        let (mut jobs, mut unread) = (Vec::with_capacity(sent.len()), Vec::new());
        for (place, sent) in sent.into_iter().enumerate() {
            match sent.request() {
                Ok(request) => jobs.push(Job { request, moment: moment()? }),
                Err(error) => unread.push((place, error)),
            }
        }
        let mut replied: Vec<Answered<Replied>> = Vec::new();
        if !jobs.is_empty() {
            let outcomes = self.submit(jobs, bytes)?.await;
            let outcomes = outcomes.map_err(|_| unavailable("the object ended; it is there again at once"))?;
            replied.extend(outcomes.into_iter().map(|outcome| outcome.map(Into::into)));
        }
        for (place, error) in unread {
            replied.insert(place.min(replied.len()), Err(error));
        }
        Ok(replied)
    }

    async fn moved(&self, after: u64, wait_ms: u64) -> Result<u64, SequencingError> {
        let over = over_at(wait_ms);
        loop {
            let pos = self.turn(async |sequencer| sequencer.workspace().pos())?;
            if pos > after || !self.something_is_committed(over).await? {
                return Ok(pos);
            }
        }
    }

    async fn settled(&self, task: Id, wait_ms: u64) -> Result<Option<TaskView>, SequencingError> {
        let over = over_at(wait_ms);
        loop {
            let view = self.turn(async |sequencer| sequencer.task(task).await)??;
            let is_running = view.as_ref().is_some_and(|task| task.summary.status == TaskStatus::Running);
            if !is_running || !self.something_is_committed(over).await? {
                return Ok(view);
            }
        }
    }

    /// Wait for a commit; false when the time is over.
    async fn something_is_committed(&self, over: u64) -> Result<bool, SequencingError> {
        let left = over.saturating_sub(Isolate.now_ms());
        if left == 0 {
            return Ok(false);
        }
        let (told, over) = (self.next_commit()?, pin!(Isolate.sleep(left)));
        Ok(matches!(select(told, over).await, Either::Left(_)))
    }
}

fn moment() -> Answered<Moment> {
    let entropy = Isolate.random().map_err(|why| unavailable(&why.0))?;
    Ok(Moment { now_ms: Isolate.now_ms(), entropy })
}

fn over_at(wait_ms: u64) -> u64 {
    Isolate.now_ms().saturating_add(wait_ms.min(WAIT_MS_MAX))
}
