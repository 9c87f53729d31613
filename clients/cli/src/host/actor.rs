//! The actor of a workspace: one task, one sequencer, one question after the other. Commands that wait go together.

use super::ambient::Machine;
use kernel::id::{Id, WorkspaceId};
use kernel::machine::{Moment, Reply};
use ports::history::{HistoryAsk, HistorySlice};
use ports::sequencing::{EffectView, EventView, SnapshotView, WorkspaceView};
use ports::space::{CompactView, SpaceView};
use ports::transfer::{ExportAsk, ExportSlice, ImportAsk, ImportStand};
use ports::views::{Query, TaskView};
use ports::{Clock as _, Store, StoreError, Vault, VaultError};
use sequencer::{BATCH_MAX, Compacting, Failure, Job, Making, Sequencer};
use serde_json::Value;
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot, watch};

/// Questions that may wait; beyond that the host says it is overloaded.
const WAITING_MAX: usize = 4096;

/// Effects that are looked at to tell runtimes how many wait.
const DUE_MAX: usize = 32;

/// What is due beside commands waits for so many turns at most while others wait.
const PASSED_OVER_MAX: usize = 16;

type Answer<T> = oneshot::Sender<Result<T, Failure>>;
type Replies = oneshot::Sender<Vec<Result<Reply, Failure>>>;

/// What an actor is asked.
pub enum Question {
    /// Decide and commit.
    Submit(Vec<Job>, Replies),
    /// Committed events.
    Events(u64, usize, Answer<Vec<EventView>>),
    /// Where the workspace stands.
    Describe(Answer<WorkspaceView>),
    /// A task.
    Task(Id, Answer<Option<TaskView>>),
    /// A read model.
    Read(Query, Answer<Option<Value>>),
    /// The next slice of an answer about the past.
    History(HistoryAsk, Answer<HistorySlice>),
    /// Effects that wait.
    Due(usize, Answer<Vec<Id>>),
    /// A leased effect.
    Effect(Id, Answer<Option<EffectView>>),
    /// The next slice of the workspace as a file.
    Export(ExportAsk, Answer<ExportSlice>),
    /// What is done about an import, and when.
    Import(ImportAsk, Moment, Answer<ImportStand>),
    /// The snapshots there are.
    Snapshots(Answer<Vec<SnapshotView>>),
    /// Make a snapshot, of all rows or not.
    Snapshot(bool, Answer<SnapshotView>),
    /// How much room there is.
    Space(Answer<SpaceView>),
    /// Make room.
    Compact(Answer<CompactView>),
}

/// What a runtime waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outstanding {
    /// How many effects wait for a runtime; as many as are looked at.
    pub due: usize,
    /// When the first lease is over.
    pub next_expiry: Option<u64>,
    /// When the next timer is due.
    pub next_due: Option<u64>,
}

/// The way to an actor.
#[derive(Clone)]
pub struct Handle {
    /// Questions.
    pub ask: mpsc::Sender<Question>,
    /// Position of the last committed event.
    pub pos: watch::Receiver<u64>,
    /// What a runtime waits for.
    pub outstanding: watch::Receiver<Outstanding>,
}

/// Why a workspace cannot be opened.
pub enum NotOpen {
    /// Its store or its log says no.
    Failure(Failure),
    /// The vault says no.
    Vault(VaultError),
}

struct Actor {
    sequencer: Sequencer,
    pos: watch::Sender<u64>,
    outstanding: watch::Sender<Outstanding>,
    /// Snapshots that were asked for.
    snapshots: VecDeque<(bool, Answer<SnapshotView>)>,
    /// Who asked for room to be made.
    compactions: VecDeque<Answer<CompactView>>,
    /// Turns since something was done beside commands.
    passed_over: usize,
}

/// Claim the workspace and start its actor.
pub async fn spawn(id: WorkspaceId, store: &Rc<dyn Store>, vault: &Rc<dyn Vault>) -> Result<Handle, NotOpen> {
    // The store is asked first: a key is not made for a workspace that does not exist.
    store.head(&id.to_string()).await.map_err(|why| NotOpen::Failure(why.into()))?;
    let key = vault.workspace_key(&id.to_string()).await.map_err(NotOpen::Vault)?;
    let sequencer = Sequencer::claim(Rc::clone(store), id, key).await.map_err(NotOpen::Failure)?;
    let (ask, questions) = mpsc::channel(WAITING_MAX);
    let pos = watch::Sender::new(sequencer.pos());
    let outstanding = watch::Sender::new(Outstanding::default());
    let handle = Handle { ask, pos: pos.subscribe(), outstanding: outstanding.subscribe() };
    let mut actor =
        Actor { sequencer, pos, outstanding, snapshots: VecDeque::new(), compactions: VecDeque::new(), passed_over: 0 };
    actor.look_out().await;
    tokio::task::spawn_local(actor.run(questions));
    Ok(handle)
}

impl Actor {
    async fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        let mut waiting = Vec::new();
        loop {
            while self.beside(questions.len()).await {
                // Others of this thread are not held up by it.
                tokio::task::yield_now().await;
            }
            if questions.recv_many(&mut waiting, BATCH_MAX).await == 0 {
                return;
            }
            let (mut jobs, mut askers, mut others) = (Vec::new(), Vec::new(), Vec::new());
            for question in waiting.drain(..) {
                match question {
                    Question::Submit(more, reply) => {
                        askers.push((more.len(), reply));
                        jobs.extend(more);
                    }
                    other => others.push(other),
                }
            }
            // What was sent before a question is visible to it, and what was sent while it waited may be. So commands go
            // together whatever was asked between them; a commit for each would be what many who wait for their tasks
            // cost.
            self.submit(&jobs, askers).await;
            for question in others {
                self.answer(question).await;
            }
            if self.sequencer.is_gone() {
                // Whoever asks next finds that there is nothing here.
                return;
            }
        }
    }

    /// Do a little of what is due beside commands. Says whether to go on: there is more to do, and nobody waits.
    async fn beside(&mut self, waiting: usize) -> bool {
        if waiting > 0 && self.passed_over < PASSED_OVER_MAX {
            self.passed_over += 1;
            return false;
        }
        self.passed_over = 0;
        let more = match self.snapshots.pop_front() {
            None if !self.compactions.is_empty() => self.compact().await,
            None => self.sequencer.keep_up(Machine.now_ms()).await,
            Some((whole, reply)) => {
                match self.sequencer.snapshot_slice(whole, Machine.now_ms()).await {
                    Ok(Making::Underway) => self.snapshots.push_front((whole, reply)),
                    Ok(Making::Made(view)) => drop(reply.send(Ok(view))),
                    Err(failure) => drop(reply.send(Err(failure))),
                }
                true
            }
        };
        more && waiting == 0
    }

    /// Go on with making room. Whoever asked for it meanwhile is answered too.
    async fn compact(&mut self) -> bool {
        let done = match self.sequencer.compact_slice(Machine.now_ms()).await {
            Ok(Compacting::Underway) => return true,
            Ok(Compacting::Done(view)) => Ok(view),
            Err(failure) => Err(failure),
        };
        for reply in self.compactions.drain(..) {
            let _ = reply.send(done.clone());
        }
        // There may be room again for what waited.
        self.look_out().await;
        true
    }

    async fn submit(&mut self, jobs: &[Job], askers: Vec<(usize, Replies)>) {
        if jobs.is_empty() {
            return;
        }
        let mut outcomes = self.sequencer.submit(jobs).await.into_iter();
        // Before the replies: who was told of a position may ask what comes after it.
        self.pos.send_replace(self.sequencer.pos());
        for (count, reply) in askers {
            let _ = reply.send(outcomes.by_ref().take(count).collect());
        }
        self.look_out().await;
    }

    /// Tell runtimes what they may wait for.
    async fn look_out(&mut self) {
        let due = self.sequencer.due(DUE_MAX).await.map_or(0, |due| due.len());
        let next_expiry = self.sequencer.next_expiry().await.unwrap_or_default();
        let next_due = self.sequencer.next_due().await.unwrap_or_default();
        let now = Outstanding { due, next_expiry, next_due };
        self.outstanding.send_if_modified(|before| std::mem::replace(before, now) != now);
    }

    async fn answer(&mut self, question: Question) {
        match question {
            Question::Submit(..) => {}
            Question::Events(after, limit, reply) => drop(reply.send(self.sequencer.events(after, limit).await)),
            Question::Describe(reply) => drop(reply.send(self.sequencer.describe().await)),
            Question::Task(task, reply) => drop(reply.send(self.sequencer.task(task).await)),
            Question::Read(query, reply) => drop(reply.send(self.sequencer.read(&query).await)),
            Question::History(ask, reply) => drop(reply.send(self.sequencer.history(&ask).await)),
            Question::Due(limit, reply) => drop(reply.send(self.sequencer.waiting(limit).await)),
            Question::Effect(effect, reply) => drop(reply.send(self.sequencer.effect(effect).await)),
            Question::Export(ask, reply) => drop(reply.send(self.sequencer.export(&ask).await)),
            Question::Import(ask, moment, reply) => {
                let done = self.sequencer.import(ask, moment).await;
                self.pos.send_replace(self.sequencer.pos());
                self.look_out().await;
                let _ = reply.send(done);
            }
            Question::Snapshots(reply) => drop(reply.send(self.sequencer.snapshots().await)),
            Question::Snapshot(whole, reply) => self.snapshots.push_back((whole, reply)),
            Question::Space(reply) => drop(reply.send(self.sequencer.space().await)),
            Question::Compact(reply) => self.compactions.push_back(reply),
        }
    }
}

impl From<NotOpen> for ports::SequencingError {
    fn from(why: NotOpen) -> Self {
        match why {
            NotOpen::Failure(failure) => failure.into(),
            NotOpen::Vault(error) => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<StoreError> for NotOpen {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.into())
    }
}
