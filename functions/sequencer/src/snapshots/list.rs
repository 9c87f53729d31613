//! Which snapshots there are.

use crate::{Failure, Sequencer};
use kernel::hash::HashText;
use kernel::machine::row_hash;
use kernel::snapshot::{Manifest, SNAPSHOTS_SPACE};
use kernel::storage::{Row, Write};
use ports::{SnapshotView, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Manifests, and why one cannot be used, by position.
pub(crate) type Manifests = BTreeMap<u64, Result<Manifest, String>>;

/// Manifests read in one go.
const PAGE: usize = 64;
/// With more manifests than this damaged, it is the store that is.
const DAMAGED_MAX: usize = 256;

impl Sequencer {
    /// The snapshots of the workspace, the oldest first. One whose manifest, or whose top, is damaged says so; the chunks
    /// below are looked at when they are read, and by `verify`.
    pub async fn snapshots(&mut self) -> Result<Vec<SnapshotView>, Failure> {
        self.exists()?;
        let mut views = Vec::new();
        for (pos, found) in self.manifests().await? {
            views.push(match found {
                Ok(manifest) => self.view_of(&manifest).await?,
                Err(why) => SnapshotView { pos, fault: Some(why), ..SnapshotView::default() },
            });
        }
        Ok(views)
    }

    /// Keep the snapshot at `pos` as long as something stands on it. This is noted by the next commit.
    pub fn pin_snapshot(&mut self, pos: u64) {
        let value = b"1".to_vec();
        let row = Row { hash: row_hash(&value), value, since: self.workspace().pos() };
        self.workspace.write_aside(Manifest::pin(pos), Write::Put(row));
    }

    pub(super) async fn view_of(&mut self, manifest: &Manifest) -> Result<SnapshotView, Failure> {
        let tops: BTreeSet<HashText> = manifest.spaces.values().map(|top| top.chunk).collect();
        let fault = match self.load_chunks(&tops).await {
            Ok(()) => None,
            Err(Failure::Store(StoreError::Damaged { what })) => Some(what),
            Err(failure) => return Err(failure),
        };
        Ok(SnapshotView {
            pos: manifest.pos,
            made_at: manifest.made_at,
            rows: manifest.rows(),
            bytes: manifest.bytes(),
            written: manifest.written,
            roots: manifest.roots.clone(),
            fault,
        })
    }

    /// Manifests in the store, each compared with the log.
    pub(crate) async fn manifests(&self) -> Result<Manifests, Failure> {
        let (mut at, until) = Manifest::range();
        let (mut found, mut limit) = (Manifests::new(), PAGE);
        loop {
            match self.store.range(&self.name(), SNAPSHOTS_SPACE, &at, &until, limit).await {
                Ok(page) => {
                    let is_last = page.len() < limit;
                    for (key, row) in page {
                        at.clone_from(&key);
                        found.extend(self.manifest_under(&key, &row).await?);
                    }
                    if is_last {
                        return Ok(found);
                    }
                }
                // One of them is damaged, and the answer says nothing about the others.
                Err(StoreError::Damaged { .. }) if limit > 1 => limit = 1,
                Err(StoreError::Damaged { what }) if found.len() < DAMAGED_MAX => {
                    let pos = self.first_damaged(&at).await?;
                    at = Manifest::address(pos).key;
                    found.insert(pos, Err(what));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Position of the first manifest behind a key, which cannot be read. A store does not say the key of what it cannot
    /// read, but it says of any stretch whether the damage is in it.
    async fn first_damaged(&self, after: &str) -> Result<u64, Failure> {
        let (mut low, mut high) = (0, u64::MAX >> 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let until = Manifest::address(middle + 1).key;
            match self.store.range(&self.name(), SNAPSHOTS_SPACE, after, &until, 1).await {
                Ok(_) => low = middle + 1,
                Err(StoreError::Damaged { .. }) => high = middle,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(low)
    }

    async fn manifest_under(&self, key: &str, row: &Row) -> Result<Option<(u64, Result<Manifest, String>)>, Failure> {
        let Some(pos) = Manifest::pos_of(key) else { return Ok(None) };
        let read = match Manifest::read(self.workspace().id(), pos, &row.value) {
            Ok(manifest) => self.is_of_the_log(manifest).await?,
            Err(why) => Err(format!("the manifest of snapshot {pos} cannot be used: {why}")),
        };
        Ok(Some((pos, read)))
    }

    /// Whether the event at its position is the one that it names. Where that event is not in the log any more, there is
    /// nothing to compare it with.
    async fn is_of_the_log(&self, manifest: Manifest) -> Result<Result<Manifest, String>, Failure> {
        let pos = manifest.pos;
        if pos > self.workspace().pos() {
            return Ok(Err(format!("snapshot {pos} is ahead of the log")));
        }
        // One that is packed is not unpacked for this.
        let events = match self.log.unpacked(&self.name(), pos.saturating_sub(1), 1).await {
            Ok(events) => events,
            // Whether the snapshot is whole does not depend on an event that is not.
            Err(StoreError::Damaged { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let Some(event) = events.first().filter(|event| event.pos == pos) else { return Ok(Ok(manifest)) };
        let ends = event.stream.parse().ok().and_then(|stream| manifest.streams.get(&stream));
        let fits = ends.is_some_and(|end| (end.seq, end.hash.0) == (event.seq, event.hash));
        Ok(if fits { Ok(manifest) } else { Err(format!("snapshot {pos} is of another log")) })
    }
}
