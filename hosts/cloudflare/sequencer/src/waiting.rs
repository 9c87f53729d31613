//! Commands that wait for the next flush.

use futures_channel::oneshot;
use kernel::machine::Reply;
use ports::SequencingError;
use sequencer::{BATCH_MAX, Job};
use std::collections::VecDeque;

/// Commands that may wait; beyond that the object says it is overloaded.
const COMMANDS_MAX: usize = 4096;
/// Bytes of requests that may wait.
const BYTES_MAX: usize = 16 << 20;

/// What became of the commands of one request.
pub type Outcomes = Vec<Result<Reply, SequencingError>>;

struct Waits {
    jobs: Vec<Job>,
    bytes: usize,
    reply: oneshot::Sender<Outcomes>,
}

/// Requests in the order in which they came.
#[derive(Default)]
pub struct Waiting {
    requests: VecDeque<Waits>,
    commands: usize,
    bytes: usize,
}

/// What one flush decides together.
#[derive(Default)]
pub struct Batch {
    /// The commands of all its requests.
    pub jobs: Vec<Job>,
    askers: Vec<(usize, oneshot::Sender<Outcomes>)>,
}

impl Waiting {
    /// Let `jobs` wait, which came in a request of so many bytes.
    pub fn push(&mut self, jobs: Vec<Job>, bytes: usize) -> Result<oneshot::Receiver<Outcomes>, SequencingError> {
        let (commands, all) = (self.commands + jobs.len(), self.bytes + bytes);
        if !self.requests.is_empty() && (commands > COMMANDS_MAX || all > BYTES_MAX) {
            return Err(SequencingError::Unavailable("too many requests wait for this workspace".to_owned()));
        }
        (self.commands, self.bytes) = (commands, all);
        let (reply, outcomes) = oneshot::channel();
        self.requests.push_back(Waits { jobs, bytes, reply });
        Ok(outcomes)
    }

    /// Whole requests from the front, as many as are decided in one go.
    pub fn take(&mut self) -> Batch {
        let mut batch = Batch::default();
        while let Some(next) = self.requests.front() {
            if !batch.jobs.is_empty() && batch.jobs.len() + next.jobs.len() > BATCH_MAX {
                break;
            }
            let Some(Waits { jobs, bytes, reply }) = self.requests.pop_front() else { break };
            self.commands -= jobs.len();
            self.bytes -= bytes;
            batch.askers.push((jobs.len(), reply));
            batch.jobs.extend(jobs);
        }
        batch
    }
}

impl Batch {
    /// Tell everybody what became of theirs.
    pub fn reply(self, outcomes: Outcomes) {
        let mut outcomes = outcomes.into_iter();
        for (count, reply) in self.askers {
            // Who went away meanwhile asks again under the same id.
            let _ = reply.send(outcomes.by_ref().take(count).collect());
        }
    }
}
