//! Answering what other functions ask, in bytes.

use crate::{Failure, Sequencer};
use bytes::Bytes;
use kernel::machine::Moment;
use ports::sequencing::{EventView, SequencingError};
use ports::transfer::ImportAsk;
use ports::wire::{self, Answered, Look, Told};
use serde::Serialize;

/// A page of events that is this large is told although more were asked for: who asks goes on after the last.
const PAGE_BYTES: usize = 1 << 20;

/// Small events are read so many at a time.
const SOME_MAX: usize = 64;

impl Sequencer {
    /// What `look` sees, as it is written. What it sees is committed.
    pub async fn look(&mut self, look: &Look) -> Bytes {
        match look {
            Look::Events(after, limit) => wire::answer(&self.told(*after, *limit).await),
            Look::Describe => written(self.describe().await),
            Look::Task(task) => written(self.task(*task).await),
            Look::Read(query) => written(self.read(query).await),
            Look::Due(limit) => written(self.waiting(*limit).await),
            Look::Effect(effect) => written(self.effect(*effect).await),
            Look::History(ask) => written(self.history(ask).await),
            Look::Export(ask) => written(self.export(ask).await),
            Look::Space => written(self.space().await),
            Look::Snapshots => written(self.snapshots().await),
        }
    }

    /// What becomes of an import, as it is written.
    pub async fn take_in(&mut self, ask: ImportAsk, moment: Moment) -> Bytes {
        written(self.import(ask, moment).await)
    }

    /// Events after a position, so many or so large together. Large ones are read one at a time: the memory that a page
    /// takes is that of what it tells.
    async fn told(&mut self, mut after: u64, limit: usize) -> Answered<Vec<Told>> {
        let (mut told, mut bytes, mut some) = (Vec::new(), 0, 1);
        while told.len() < limit && bytes < PAGE_BYTES {
            let views = self.events(after, some.min(limit - told.len())).await?;
            let Some(last) = views.last() else { break };
            after = last.event.pos;
            let these: usize = views.iter().map(size).sum();
            some = if these < PAGE_BYTES / 16 { (some * 2).min(SOME_MAX) } else { 1 };
            bytes += these;
            for view in views {
                told.push(Told::of(view)?);
            }
        }
        Ok(told)
    }
}

/// Bytes of an event as it is told, about.
fn size(view: &EventView) -> usize {
    let content = view.content.values().flatten().map(String::len);
    view.event.body.len() + content.sum::<usize>()
}

fn written<T: Serialize>(answer: Result<T, Failure>) -> Bytes {
    wire::answer(&answer.map_err(SequencingError::from))
}
