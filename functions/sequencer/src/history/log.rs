//! Reading the log a slice at a time.

use crate::{Failure, Sequencer};
use kernel::entity::Record;
use kernel::event::{EventData, Header};
use kernel::id::CommandId;
use kernel::key::{Key, Line};
use kernel::storage::StoredEvent;
use ports::StoreError;

/// Events that one slice reads at most.
pub const SLICE_EVENTS: usize = 4_096;
/// Bytes of events that one slice reads at most, but for the last page.
pub const SLICE_BYTES: usize = 8 << 20;
/// Most events of a page.
const PAGE: usize = 256;
/// A page that is larger is followed by one of a single event, because each may be as large as a row.
const PAGE_BYTES: usize = 256 * 1024;

/// What is left of a slice.
#[derive(Debug)]
pub struct Budget {
    events: usize,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { events: SLICE_EVENTS, bytes: SLICE_BYTES }
    }
}

impl Sequencer {
    /// Hand events after `after` up to `until` to `take`, as far as the budget goes; the last that was taken.
    pub(super) async fn scan(
        &self,
        mut after: u64,
        until: u64,
        budget: &mut Budget,
        mut take: impl FnMut(&StoredEvent) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let mut page = 16;
        while after < until && budget.events > 0 && budget.bytes > 0 {
            let left = usize::try_from(until - after).unwrap_or(usize::MAX);
            let events = self.store.events(&self.name(), after, page.min(budget.events).min(left)).await?;
            let damaged = || StoreError::Damaged { what: format!("event {} is not there", after + 1) };
            let last = events.last().ok_or_else(damaged)?;
            let bytes: usize = events.iter().map(|event| event.body.len() + event.sealed.len()).sum();
            (budget.events, budget.bytes) = (budget.events - events.len(), budget.bytes.saturating_sub(bytes));
            page = if bytes < PAGE_BYTES { (page * 2).min(PAGE) } else { 1 };
            for event in &events {
                take(event)?;
            }
            after = last.pos;
        }
        Ok(after)
    }

    /// The event at `pos`, which has to be there.
    pub(super) async fn event_at(&self, pos: u64) -> Result<StoredEvent, Failure> {
        let events = self.store.events(&self.name(), pos.saturating_sub(1), 1).await?;
        let found = events.into_iter().find(|event| event.pos == pos);
        found.ok_or_else(|| StoreError::Damaged { what: format!("event {pos} is not there") }.into())
    }

    /// Position of a command's first event, and how many it has; none when it is not on record.
    pub(super) async fn recorded(&mut self, command: CommandId) -> Result<Option<(u64, u32)>, Failure> {
        self.ask(|workspace| {
            let record = workspace.read(Line::default()).control::<Record>(Key::Command(command))?;
            Ok(record.map(|record| (*record.pos, *record.events)))
        })
        .await
    }
}

/// An event in its parts.
pub fn parts(event: &StoredEvent) -> Result<(Header, EventData), Failure> {
    Header::decode(&event.body).map_err(|why| damaged(event.pos, &why.to_string()))
}

/// The event at `pos` is not as it was written.
pub fn damaged(pos: u64, why: &str) -> Failure {
    StoreError::Damaged { what: format!("event {pos}: {why}") }.into()
}
