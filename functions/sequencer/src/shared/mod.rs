//! The sequencer on hosts where nobody owns a workspace: every request has a writer of its own, all of them share the
//! store, and any may die between two statements.
//!
//! A writer decides on the head it read and commits in one statement, which finds out whether the head is still there.
//! If not, it leaves what it was asked as a sealed letter, and from then on decides for all whose letters lie there: one
//! commit takes them, writes the answers and moves the head. Nothing is held between statements, so nobody waits for a
//! writer that died.

mod letter;
mod turn;

use crate::{Failure, Job, Sequencer, is_under_way};
use bytes::Bytes;
use kernel::id::{Id, WorkspaceId};
use kernel::machine::{Moment, Reply};
use kernel::storage::Head;
use ports::sequencing::SequencingError;
use ports::space::CompactView;
use ports::transfer::ImportAsk;
use ports::views::{TaskStatus, TaskView};
use ports::wire::{self, Answered, Ask, Replied, Sent};
use ports::{Clock, Entropy, SharedStore, SnapshotView, Store, StoreError, Timer};
use std::rc::Rc;

/// How often the head is looked at by those who wait, in the beginning and later. A person who decided something sees at
/// once what comes of it.
const LOOK_MS: u64 = 10;
const LOOK_SELDOM_MS: u64 = 50;

/// What a shared sequencer works with.
#[derive(Clone)]
pub struct Shared {
    /// Where workspaces are.
    pub store: Rc<dyn SharedStore>,
    /// Time.
    pub clock: Rc<dyn Clock>,
    /// For waiting.
    pub timer: Rc<dyn Timer>,
    /// Randomness.
    pub entropy: Rc<dyn Entropy>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

/// What is said to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The answer as [`ports::wire`] has it.
    pub body: Bytes,
    /// Whether something waits that a runtime can perform now.
    pub work_waits: bool,
    /// Whether it is time to look whether something is due beside commands: see [`Shared::keep_up`].
    pub look_beside: bool,
}

impl Shared {
    /// Answer what is asked of `workspace`, whose data keys `key` wraps.
    pub async fn answer(&self, workspace: WorkspaceId, key: [u8; 32], ask: Ask) -> Words {
        let quiet = |body| Words { body, work_waits: false, look_beside: false };
        match ask {
            Ask::Create => quiet(wire::answer(&self.create(workspace).await)),
            Ask::Submit(sent) => match self.submit_sent(workspace, key, sent).await {
                Ok((replied, work_waits)) => {
                    let look_beside = replied.iter().flatten().any(Replied::passes_a_mark);
                    Words { body: wire::answer(&Ok(replied)), work_waits, look_beside }
                }
                Err(error) => quiet(wire::answer::<()>(&Err(error))),
            },
            Ask::Moved { after, wait_ms } => quiet(wire::answer(&self.moved(workspace, after, wait_ms).await)),
            Ask::Settled { task, wait_ms } => quiet(wire::answer(&self.settled(workspace, key, task, wait_ms).await)),
            Ask::Import(ask) => quiet(self.take_in(workspace, key, ask).await),
            Ask::Snapshot { whole } => quiet(wire::answer(&self.snapshot(workspace, key, whole).await)),
            Ask::Compact => quiet(wire::answer(&self.compact(workspace, key).await)),
            Ask::Models(_) => {
                let why = "read models are not asked of the sequencer".to_owned();
                quiet(wire::answer::<()>(&Err(SequencingError::Unavailable(why))))
            }
            // Who watches is in another instance, and nothing of it may be stored.
            Ask::Live(_) => quiet(wire::answer(&Ok(()))),
            Ask::Look(look) => match Sequencer::share(self.plain(), workspace, key).await {
                Ok(mut sequencer) => quiet(sequencer.look(&look).await),
                Err(failure) => quiet(wire::answer::<()>(&Err(failure.into()))),
            },
        }
    }

    /// Do what is due beside commands, to its end. Whoever answers calls it after the answer went, when the answer says so.
    pub async fn keep_up(&self, workspace: WorkspaceId, key: [u8; 32]) {
        let Ok(mut sequencer) = Sequencer::share(self.plain(), workspace, key).await else { return };
        // Another writer committed what this one did not see.
        sequencer.snapshots.has_moved = true;
        while sequencer.keep_up(self.clock.now_ms()).await {}
    }

    /// A snapshot, made to its end by whoever is asked for it.
    async fn snapshot(&self, workspace: WorkspaceId, key: [u8; 32], whole: bool) -> Answered<SnapshotView> {
        let mut sequencer = Sequencer::share(self.plain(), workspace, key).await?;
        Ok(sequencer.snapshot(whole, self.clock.now_ms()).await?)
    }

    /// Room, made to the end by whoever is asked for it.
    async fn compact(&self, workspace: WorkspaceId, key: [u8; 32]) -> Answered<CompactView> {
        let mut sequencer = Sequencer::share(self.plain(), workspace, key).await?;
        Ok(sequencer.compact(self.clock.now_ms()).await?)
    }

    /// The workspaces here. One that is being taken in is not here yet.
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceId>, SequencingError> {
        let mut here = Vec::new();
        for name in self.store.workspaces().await.map_err(Failure::from)? {
            let Ok(workspace) = name.parse() else { continue };
            if !is_under_way(&*self.plain(), workspace).await.map_err(Failure::from)? {
                here.push(workspace);
            }
        }
        Ok(here)
    }

    async fn create(&self, workspace: WorkspaceId) -> Result<(), SequencingError> {
        match self.store.create(&workspace.to_string()).await {
            Ok(()) | Err(StoreError::Exists) => Ok(()),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    /// A slice of an import. One that meets another writer is refused, and may be sent again.
    async fn take_in(&self, workspace: WorkspaceId, key: [u8; 32], ask: ImportAsk) -> Bytes {
        let begun = async {
            if matches!(ask, ImportAsk::Begin { .. }) {
                self.create(workspace).await?;
            }
            let moment = Moment { now_ms: self.clock.now_ms(), entropy: self.random()? };
            Ok::<_, SequencingError>((Sequencer::share(self.plain(), workspace, key).await?, moment))
        };
        match begun.await {
            Ok((mut sequencer, moment)) => sequencer.take_in(ask, moment).await,
            Err(error) => wire::answer::<()>(&Err(error)),
        }
    }

    async fn submit_sent(
        &self,
        workspace: WorkspaceId,
        key: [u8; 32],
        sent: Vec<Sent>,
    ) -> Answered<(Vec<Answered<Replied>>, bool)> {
        let jobs = self.jobs(sent)?;
        let (outcomes, work_waits) = self.submit(workspace, key, &jobs).await;
        Ok((outcomes.into_iter().map(replied).collect(), work_waits))
    }

    /// What was sent, each with its moment.
    pub(crate) fn jobs(&self, sent: Vec<Sent>) -> Answered<Vec<Job>> {
        let mut jobs = Vec::with_capacity(sent.len());
        for one in sent {
            let entropy = self.random()?;
            jobs.push(Job { request: one.request()?, moment: Moment { now_ms: self.clock.now_ms(), entropy } });
        }
        Ok(jobs)
    }

    fn random(&self) -> Answered<[u8; 32]> {
        self.entropy.random().map_err(|why| SequencingError::Unavailable(why.0))
    }

    fn plain(&self) -> Rc<dyn Store> {
        Rc::<dyn SharedStore>::clone(&self.store) as Rc<dyn Store>
    }

    async fn head(&self, workspace: WorkspaceId) -> Answered<Head> {
        self.store.head(&workspace.to_string()).await.map_err(|why| Failure::from(why).into())
    }

    async fn moved(&self, workspace: WorkspaceId, after: u64, wait_ms: u64) -> Answered<u64> {
        let until = self.clock.now_ms().saturating_add(wait_ms);
        let mut pause = LOOK_MS;
        loop {
            let pos = self.head(workspace).await?.pos;
            if pos > after || self.clock.now_ms() >= until {
                return Ok(pos);
            }
            self.rest(&mut pause, until).await;
        }
    }

    async fn settled(
        &self,
        workspace: WorkspaceId,
        key: [u8; 32],
        task: Id,
        wait_ms: u64,
    ) -> Answered<Option<TaskView>> {
        let until = self.clock.now_ms().saturating_add(wait_ms);
        let mut pause = LOOK_MS;
        loop {
            let mut sequencer = Sequencer::share(self.plain(), workspace, key).await?;
            let view = sequencer.task(task).await?;
            let waits = view.as_ref().is_some_and(|task| task.summary.status == TaskStatus::Running);
            if !waits || self.clock.now_ms() >= until {
                return Ok(view);
            }
            let seen = sequencer.workspace().pos();
            while self.clock.now_ms() < until && self.head(workspace).await?.pos == seen {
                self.rest(&mut pause, until).await;
            }
        }
    }

    /// Wait a little, longer each time.
    async fn rest(&self, pause: &mut u64, until: u64) {
        self.timer.sleep((*pause).min(until.saturating_sub(self.clock.now_ms())).max(1)).await;
        *pause = (*pause * 2).min(LOOK_SELDOM_MS);
    }
}

fn replied(outcome: Result<Reply, Failure>) -> Answered<Replied> {
    outcome.map(Replied::from).map_err(SequencingError::from)
}
