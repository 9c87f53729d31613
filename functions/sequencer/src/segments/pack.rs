//! Packing: which events, and when.

use super::Asked;
use crate::snapshots::is_met;
use crate::{Failure, Making, Sequencer};
use kernel::segment::Entry;
use kernel::storage::{StoredEvent, Write};
use ports::StoreError;
use ports::space::CompactView;

/// Events of a segment, unless they are large.
const EVENTS: u64 = 512;
/// Most bytes of bodies in one that has more than one event, and of what is sealed: a commit stays as small as one of a
/// snapshot.
const BODY_BYTES: usize = 1 << 20;
const SEALED_BYTES: usize = 512 << 10;
/// How often what somebody asked for goes on after another writer was faster.
const MET_MAX: u32 = 64;

/// Which events stay in the log, and how many are packed at least.
#[derive(Debug, Clone, Copy)]
struct Policy {
    /// So many of the newest stay: what clients read again, and what follows the last fold of the state map.
    newest: u64,
    /// So many make a segment.
    least: u64,
}

/// Beside commands.
const BY_ITSELF: Policy = Policy { newest: 4_096, least: EVENTS };
/// When somebody asks for it.
const ASKED: Policy = Policy { newest: 64, least: 64 };

/// How far compacting is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compacting {
    /// There is more to do.
    Underway,
    /// It is done.
    Done(CompactView),
}

impl Sequencer {
    /// Pack what may be packed, and remove what nothing refers to, to the end.
    pub async fn compact(&mut self, now_ms: u64) -> Result<CompactView, Failure> {
        let mut met = 0;
        loop {
            match self.compact_slice(now_ms).await {
                Ok(Compacting::Done(view)) => return Ok(view),
                Ok(Compacting::Underway) => {}
                Err(failure) if is_met(&failure) && met < MET_MAX => met += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Go on with compacting for a moment: at most one commit. Commands may be decided before the next slice.
    pub async fn compact_slice(&mut self, now_ms: u64) -> Result<Compacting, Failure> {
        self.exists()?;
        if self.is_stale() {
            self.reopen().await?;
        }
        let begun = Asked { has_snapshot: false, so_far: CompactView::default() };
        let mut asked = self.segments.asked.take().unwrap_or(begun);
        if !asked.has_snapshot {
            let making = self.snapshot_slice(false, now_ms).await?;
            asked.has_snapshot = matches!(making, Making::Made(_));
            self.segments.asked = Some(asked);
            return Ok(Compacting::Underway);
        }
        let packed = self.pack_some(ASKED).await;
        if let Some(entry) = packed? {
            let so_far = &mut asked.so_far;
            so_far.segments += 1;
            so_far.events += entry.last + 1 - entry.first;
            so_far.bytes_before += entry.raw_bytes;
            so_far.bytes_after += entry.packed_bytes;
            self.segments.asked = Some(asked);
            return Ok(Compacting::Underway);
        }
        if self.sweep(now_ms).await? {
            self.segments.asked = Some(asked);
            return Ok(Compacting::Underway);
        }
        let packed_to = self.packed_to().await?;
        Ok(Compacting::Done(CompactView { packed_to, ..asked.so_far }))
    }

    /// Pack one segment if one is due. Says whether one was.
    pub(crate) async fn pack_if_due(&mut self) -> Result<bool, Failure> {
        if !self.segments.may_pack {
            return Ok(false);
        }
        self.segments.may_pack = self.pack_some(BY_ITSELF).await?.is_some();
        Ok(self.segments.may_pack)
    }

    /// Forget the ciphertexts of one event whose key was destroyed, wherever it is.
    pub async fn drop_sealed(&mut self, pos: u64) -> Result<(), Failure> {
        self.exists()?;
        Ok(self.store.drop_sealed(&self.name(), pos).await?)
    }

    /// Up to where events are packed.
    pub(crate) async fn packed_to(&self) -> Result<u64, Failure> {
        let first = self.log.unpacked(&self.name(), 0, 1).await?;
        Ok(first.first().map_or(0, |event| event.pos.saturating_sub(1)))
    }

    /// Pack the oldest events of the log, if a policy lets enough of them go. Events behind the newest snapshot stay: from
    /// it the state is had by the log alone.
    async fn pack_some(&mut self, policy: Policy) -> Result<Option<Entry>, Failure> {
        let usable = self.manifests().await?.into_iter().rev().find(|(_, manifest)| manifest.is_ok());
        let Some((snapshot, _)) = usable else { return Ok(None) };
        let packed = self.packed_to().await?;
        let last = snapshot.min(self.workspace().pos().saturating_sub(policy.newest));
        let may_go = last.saturating_sub(packed);
        if may_go < policy.least {
            return Ok(None);
        }
        let events = self.log.unpacked(&self.name(), packed, may_go.min(EVENTS) as usize).await?;
        let Some((entry, named)) = packed_of(some_of(&events)) else { return Ok(None) };
        let since = self.workspace().pos();
        for (name, bytes) in named {
            self.workspace.write_aside(Entry::named(&name), Write::Put(Entry::holding(bytes, since)));
        }
        let row = entry.row(since).map_err(|what| StoreError::Damaged { what })?;
        self.workspace.write_aside(Entry::address(entry.last), Write::Put(row));
        self.workspace.trim(entry.last);
        if let Err(failure) = self.commit().await {
            // What was given to the machine is not stored.
            self.set_stale();
            return Err(failure);
        }
        Ok(Some(entry))
    }
}

/// As many of `events` as make a segment of moderate size: one at least.
fn some_of(events: &[StoredEvent]) -> &[StoredEvent] {
    let (mut body, mut sealed) = (0, 0);
    let fits = |event: &&StoredEvent| {
        body += event.body.len();
        sealed += event.sealed.len();
        body <= BODY_BYTES && sealed <= SEALED_BYTES
    };
    let count = events.iter().take_while(fits).count().max(1);
    events.get(..count).unwrap_or(events)
}

/// A segment of these events, or of fewer where what they come to is more than a row holds.
fn packed_of(mut events: &[StoredEvent]) -> Option<(Entry, Vec<kernel::segment::Named>)> {
    while !events.is_empty() {
        if let Some(packed) = Entry::of(events) {
            return Some(packed);
        }
        events = events.get(..events.len() / 2)?;
    }
    None
}
