//! Answering what other functions ask, in bytes.

use crate::{Failure, Sequencer};
use bytes::Bytes;
use ports::sequencing::SequencingError;
use ports::wire::{self, Answered, Look, Told};
use serde::Serialize;

impl Sequencer {
    /// What `look` sees, as it is written. What it sees is committed.
    pub async fn look(&mut self, look: &Look) -> Bytes {
        match look {
            Look::Events(after, limit) => wire::answer(&self.told(*after, *limit).await),
            Look::Describe => written(self.describe().await),
            Look::Task(task) => written(self.task(*task).await),
            Look::Read(query) => written(self.read(query).await),
            Look::Due(limit) => written(self.due(*limit).await),
            Look::Effect(effect) => written(self.effect(*effect).await),
        }
    }

    async fn told(&mut self, after: u64, limit: usize) -> Answered<Vec<Told>> {
        self.events(after, limit).await?.into_iter().map(Told::of).collect()
    }
}

fn written<T: Serialize>(answer: Result<T, Failure>) -> Bytes {
    wire::answer(&answer.map_err(SequencingError::from))
}
