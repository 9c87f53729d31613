//! Deciding commands together and committing them once.

use crate::{BATCH_MAX, Failure, Sequencer};
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

type Outcome = Result<Reply, Failure>;

impl Sequencer {
    /// Decide `jobs` in order and commit them, [`BATCH_MAX`] at a time. Answers are durable when this returns.
    pub async fn submit(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        for batch in jobs.chunks(BATCH_MAX) {
            outcomes.extend(self.submit_batch(batch).await);
        }
        outcomes
    }

    async fn submit_batch(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let mut last = Failure::Store(StoreError::Unavailable("the batch was not decided".to_owned()));
        for _ in 0..ATTEMPTS_MAX {
            // What would be asked for one by one is loaded together.
            if let Some(want) = self.workspace.dedupe_wanted(jobs.iter().map(|job| &job.request))
                && let Err(failure) = self.load(want).await
            {
                last = failure;
                continue;
            }
            let outcomes = self.decide(jobs).await;
            match self.commit().await {
                Ok(()) => return outcomes,
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
            let reopened = self.reopen().await;
            if !again || reopened.is_err() {
                break;
            }
        }
        jobs.iter().map(|_| Err(last.clone())).collect()
    }

    async fn decide(&mut self, jobs: &[Job]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            let outcome = self.ask(|workspace| workspace.execute(&job.request, &job.moment)).await;
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        let Some(batch) = self.ask(|workspace| workspace.batch()).await? else { return Ok(()) };
        self.store.commit(&self.name(), &batch).await?;
        self.workspace.committed();
        Ok(())
    }
}
