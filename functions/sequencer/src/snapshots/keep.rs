//! Keeping up: when a snapshot is due, and what becomes of old ones.

use super::make::is_met;
use super::retention::outlived;
use crate::{Failure, Sequencer};
use kernel::hash::HashText;
use kernel::snapshot::{Halt, Manifest, Packed, SNAPSHOTS_SPACE, names};
use kernel::storage::Write;
use ports::StoreError;
use std::collections::BTreeSet;

/// A snapshot is due when so many events came after the newest.
const EVENTS: u64 = 4_096;
/// Or so many, when the newest is so old.
const EVENTS_LEAST: u64 = 512;
const MS: u64 = 60 * 60 * 1000;
/// How often in a row another writer may be faster.
const MET_MAX: u32 = 64;
/// After a failure nothing is tried for this time.
const PAUSE_MS: u64 = 60 * 1000;

impl Sequencer {
    /// Do a little of what is due beside commands: a slice of a snapshot, or of removing what outlived its time. Says whether
    /// there is more to do now. It begins with commands that were committed; a workspace that is idle writes nothing. What
    /// fails here is tried again later, and disturbs no command.
    pub async fn keep_up(&mut self, now_ms: u64) -> bool {
        if self.is_gone() || self.import.is_some() || now_ms < self.snapshots.quiet_until {
            return false;
        }
        match self.next_upkeep(now_ms).await {
            Ok(more) => {
                self.snapshots.met = 0;
                more
            }
            // Another writer was faster; this goes on from where that one came to.
            Err(failure) if is_met(&failure) && self.snapshots.met < MET_MAX => {
                self.snapshots.met += 1;
                true
            }
            Err(_) => {
                self.snapshots.met = 0;
                self.snapshots.quiet_until = now_ms.saturating_add(PAUSE_MS);
                false
            }
        }
    }

    async fn next_upkeep(&mut self, now_ms: u64) -> Result<bool, Failure> {
        let whole = self.has_to_heal(now_ms);
        if whole || self.snapshots.draft.is_some() || self.snapshot_is_due(now_ms).await? {
            self.snapshot_slice(whole, now_ms).await?;
            return Ok(true);
        }
        if self.snapshots.sweeps {
            self.snapshots.sweeps = self.sweep(now_ms).await?;
        }
        Ok(self.snapshots.sweeps)
    }

    /// Whether a snapshot of all rows is due, because a damaged chunk was met: it writes again whatever is still the same.
    /// What is in no row any more cannot be written again, and would be met for ever: so this is done once in a while.
    fn has_to_heal(&mut self, now_ms: u64) -> bool {
        let is_early = self.snapshots.healed_at.is_some_and(|at| now_ms.saturating_sub(at) < MS);
        let heals = self.snapshots.has_moved && !is_early && self.snapshots.met_damage.take();
        if heals {
            (self.snapshots.has_moved, self.snapshots.healed_at) = (false, Some(now_ms));
        }
        heals
    }

    /// Whether a snapshot is due. It can only become so by commands.
    async fn snapshot_is_due(&mut self, now_ms: u64) -> Result<bool, Failure> {
        let pos = self.workspace().pos();
        if !std::mem::take(&mut self.snapshots.has_moved) || pos < EVENTS_LEAST {
            return Ok(false);
        }
        let newest = match self.snapshots.newest {
            Some(newest) => newest,
            None => {
                let usable = self.manifests().await?.into_values().rev().find_map(Result::ok);
                *self.snapshots.newest.insert(usable.map(|manifest| (manifest.pos, manifest.made_at)))
            }
        };
        let Some((at, made_at)) = newest else { return Ok(true) };
        let events = pos.saturating_sub(at);
        Ok(events >= EVENTS || (events >= EVENTS_LEAST && now_ms.saturating_sub(made_at) >= MS))
    }

    /// Remove a snapshot that outlived its time, or chunks that no snapshot refers to; at most one commit. Says whether there
    /// may be more to remove. Where a snapshot cannot be read nothing is removed: it is not known what it refers to.
    pub async fn sweep(&mut self, now_ms: u64) -> Result<bool, Failure> {
        self.exists()?;
        if self.is_stale() {
            self.reopen().await?;
        }
        if self.snapshots.draft.is_some() {
            return Ok(false);
        }
        self.snapshots.chunks.trim();
        match self.sweep_once(now_ms).await {
            Err(Failure::Store(StoreError::Damaged { .. })) => Ok(false),
            Err(failure) => {
                self.set_stale();
                Err(failure)
            }
            swept => swept,
        }
    }

    async fn sweep_once(&mut self, now_ms: u64) -> Result<bool, Failure> {
        let found = self.manifests().await?.into_values().collect::<Result<Vec<Manifest>, String>>();
        let Ok(mut manifests) = found else { return Ok(false) };
        let all: Vec<(u64, u64)> = manifests.iter().map(|manifest| (manifest.pos, manifest.made_at)).collect();
        let removed = outlived(&all, &self.pinned().await?).into_iter().next();
        let removed =
            manifests.iter().position(|manifest| Some(manifest.pos) == removed).map(|at| manifests.remove(at));
        let mut used = BTreeSet::new();
        for manifest in &manifests {
            used.extend(self.names_of(manifest).await?);
        }
        let Some(removed) = removed else { return self.remove_loose(&used, now_ms).await };
        let own = self.names_of(&removed).await?;
        self.note_loose(own.into_iter().filter(|name| !used.contains(name)), now_ms);
        self.workspace.write_aside(Manifest::address(removed.pos), Write::Delete);
        self.commit().await?;
        Ok(true)
    }

    /// Positions of snapshots on which something stands.
    pub(super) async fn pinned(&self) -> Result<BTreeSet<u64>, Failure> {
        let (after, until) = (Manifest::PIN, "pin0");
        let rows = self.store.range(&self.name(), SNAPSHOTS_SPACE, after, until, usize::MAX >> 1).await?;
        Ok(rows.iter().filter_map(|(key, _)| Manifest::pinned(key)).collect())
    }

    /// The chunks that a snapshot refers to.
    async fn names_of(&mut self, manifest: &Manifest) -> Result<BTreeSet<HashText>, Failure> {
        let mut all = BTreeSet::new();
        for top in manifest.spaces.values() {
            let (found, apart) = self.ask_chunks(|chunks| names(top, &|name| chunks.node(name))).await?;
            all.extend(found);
            for chunk in apart {
                let pieces = self.ask_chunks(|chunks| {
                    let node = chunks.node(&chunk).ok_or_else(|| Halt::Load(BTreeSet::from([chunk])))?;
                    let rows = node.entries.iter().filter_map(|entry| Packed::read(&entry.body));
                    Ok(rows.flat_map(|row| row.pieces().to_vec()).collect::<Vec<_>>())
                });
                all.extend(pieces.await?);
            }
        }
        Ok(all)
    }
}
