//! Deciding commands together and committing them once.

use crate::{BATCH_MAX, Failure, Sequencer};
use kernel::command::{Command, Intent};
use kernel::machine::{Moment, Reply, Request};
use ports::{Conflict, StoreError};

/// How often a batch is decided again after somebody else moved the head or the store did not answer.
const ATTEMPTS_MAX: usize = 3;

/// A command and the moment it arrived at.
#[derive(Debug, Clone)]
pub struct Job {
    /// The command.
    pub request: Request,
    /// When, and with which entropy.
    pub moment: Moment,
}

pub(crate) type Outcome = Result<Reply, Failure>;

impl Sequencer {
    /// Decide `jobs` in order and commit them, [`BATCH_MAX`] at a time. Answers are durable when this returns.
    pub async fn submit(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        for batch in jobs.chunks(BATCH_MAX) {
            let together = self.submit_batch(batch).await;
            if batch.len() == 1 || !together.iter().all(is_poisoned) {
                outcomes.extend(together);
                continue;
            }
            // One of them cannot be committed. Each for itself, so that the others do not suffer for it.
            for job in batch {
                outcomes.extend(self.submit_batch(std::slice::from_ref(job)).await);
            }
        }
        outcomes
    }

    async fn submit_batch(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let mut last = Failure::Store(StoreError::Unavailable("the batch was not decided".to_owned()));
        for _ in 0..ATTEMPTS_MAX {
            if let Err(failure) = self.look_up(jobs).await {
                last = failure;
                continue;
            }
            match self.decide_and_commit(jobs).await {
                Ok(outcomes) => return outcomes,
                Err(failure) => last = failure,
            }
            // What is in memory was decided on a head that is not the stored one. Whether the commit took effect is
            // unknown; deciding the same commands again finds their records if it did.
            let again = matches!(
                last,
                Failure::Store(
                    StoreError::Conflict(Conflict::Head { .. } | Conflict::Taken(_)) | StoreError::Unavailable(_)
                )
            );
            self.is_stale = true;
            let (stood, reopened) = (self.workspace.stored(), self.reopen().await);
            // What was loaded of a store that somebody else wrote to meanwhile fits no position, and proves no damage.
            let is_overtaken = is_damaged(&last) && self.workspace.stored() != stood;
            if is_overtaken {
                last = Failure::Store(StoreError::Unavailable("another writer was faster".to_owned()));
            }
            if reopened.is_err() || !(again || is_overtaken) {
                break;
            }
        }
        jobs.iter().map(|_| Err(last.clone())).collect()
    }

    /// Load together what would be asked for one by one: which of `jobs` are known.
    pub(crate) async fn look_up(&mut self, jobs: &[Job]) -> Result<(), Failure> {
        match self.workspace.dedupe_wanted(jobs.iter().map(|job| &job.request)) {
            Some(want) => self.load(want).await,
            None => Ok(()),
        }
    }

    async fn decide_and_commit(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, Failure> {
        self.look_at_room().await;
        let outcomes = self.decide(jobs).await?;
        self.commit().await?;
        Ok(outcomes)
    }

    /// Whether somebody else wrote to the workspace since this one read its head.
    pub(crate) async fn is_overtaken(&self) -> Result<bool, Failure> {
        Ok(self.store.head(&self.name()).await?.pos != self.workspace.stored())
    }

    /// Decide `jobs` in memory.
    pub(crate) async fn decide(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            match self.ask(|workspace| workspace.execute(&job.request, &job.moment)).await {
                // What it left in memory may be half a command: nothing of it is committed.
                Err(Failure::Store(error)) => return Err(Failure::Store(error)),
                outcome => {
                    self.pin_restored(job, &outcome);
                    outcomes.push(outcome);
                }
            }
        }
        Ok(outcomes)
    }

    /// A line stands on the snapshot at the position that it went back to: that one stays, from the same commit on.
    fn pin_restored(&mut self, job: &Job, outcome: &Outcome) {
        if let Command::Intent(Intent::BranchRestore(restore)) = &job.request.command
            && outcome.as_ref().is_ok_and(|reply| reply.rejected.is_none() && !reply.known)
        {
            self.pin_snapshot(restore.pos);
        }
    }

    /// What was decided or taken in is durable when this returns.
    pub(crate) async fn commit(&mut self) -> Result<(), Failure> {
        let Some(batch) = self.ask_anyway(|workspace| workspace.batch()).await? else { return Ok(()) };
        self.store.commit(&self.name(), &batch).await?;
        self.workspace.committed();
        self.room.note(&batch);
        self.snapshots.has_moved |= !batch.events.is_empty();
        Ok(())
    }
}

fn is_damaged(failure: &Failure) -> bool {
    matches!(failure, Failure::Store(StoreError::Damaged { .. }))
}

/// Whether a commit failed for something in it, not for the store or another writer.
pub(crate) fn is_poisoned(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Failure::Store(StoreError::TooLarge { .. } | StoreError::Damaged { .. })))
}
