//! Making a snapshot.

use super::draft::Draft;
use crate::{Failure, Sequencer, broken};
use kernel::hash::HashText;
use kernel::key::Space;
use kernel::machine::{Stop, StreamHead};
use kernel::snapshot::{Chunk, Manifest, SNAPSHOT_FORMAT, Top, index};
use kernel::storage::{Address, Write};
use ports::{Conflict, SnapshotView, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// So many changed rows are packed together with the manifest, or in a slice of their own.
const CHANGED_MAX: usize = 512;
/// A commit writes about so many bytes of chunks.
pub(super) const COMMIT_BYTES: usize = 1 << 20;
/// One that is not done after this time is begun again: chunks that it counts on may have been collected meanwhile.
pub(super) const DRAFT_MS_MAX: u64 = 10 * 60 * 1000;
/// With more events than this behind it, the snapshot before is no help.
const EVENTS_BEHIND_MAX: u64 = 200_000;
/// How often a snapshot goes on after another writer was faster.
const ATTEMPTS_MAX: usize = 64;

/// How far a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Making {
    /// There is more to do.
    Underway,
    /// It is there.
    Made(SnapshotView),
}

impl Sequencer {
    /// Make a snapshot of the workspace as it is, if there is none of this position. `whole`: of all rows, whatever the
    /// snapshot before says; this also writes chunks again that are damaged.
    pub async fn snapshot(&mut self, whole: bool, now_ms: u64) -> Result<SnapshotView, Failure> {
        let mut met = 0;
        loop {
            match self.snapshot_slice(whole, now_ms).await {
                Ok(Making::Made(view)) => return Ok(view),
                Ok(Making::Underway) => {}
                Err(failure) if is_met(&failure) && met < ATTEMPTS_MAX => met += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Go on with a snapshot for a moment: at most one commit. Commands may be decided before the next slice.
    pub async fn snapshot_slice(&mut self, whole: bool, now_ms: u64) -> Result<Making, Failure> {
        self.exists()?;
        if self.is_stale() {
            self.reopen().await?;
        }
        self.snapshots.chunks.trim();
        let is_meant = |draft: &Draft| draft.whole >= whole && now_ms.saturating_sub(draft.begun_at) < DRAFT_MS_MAX;
        let mut draft = match self.snapshots.draft.take().filter(is_meant) {
            Some(draft) => draft,
            None => match self.begin(whole, now_ms).await? {
                Begun::Draft(draft) => draft,
                Begun::Made(manifest) => return Ok(Making::Made(self.view_of(&manifest).await?)),
            },
        };
        match self.go_on(&mut draft, now_ms).await {
            Ok(Some(manifest)) => {
                self.snapshots.newest = Some(Some((manifest.pos, manifest.made_at)));
                self.snapshots.sweeps = true;
                self.segments.may_pack = true;
                Ok(Making::Made(self.view_of(&manifest).await?))
            }
            Ok(None) => {
                self.snapshots.draft = Some(draft);
                Ok(Making::Underway)
            }
            Err(failure) => {
                // A batch that was given and not committed is lost with the machine; chunks are not, they are in the draft.
                self.set_stale();
                if is_met(&failure) {
                    self.snapshots.draft = Some(draft);
                }
                Err(failure)
            }
        }
    }

    /// Whether a snapshot is being made.
    pub fn is_making_snapshot(&self) -> bool {
        self.snapshots.draft.is_some()
    }

    async fn begin(&mut self, whole: bool, now_ms: u64) -> Result<Begun, Failure> {
        let pos = self.workspace().pos();
        if pos == 0 {
            return Err(StoreError::NoWorkspace.into());
        }
        if whole {
            return Ok(Begun::Draft(self.begin_whole(now_ms).await?));
        }
        for (at, found) in self.manifests().await?.into_iter().rev() {
            let Ok(base) = found else { continue };
            if at == pos {
                return Ok(Begun::Made(base));
            }
            if pos - at > EVENTS_BEHIND_MAX {
                break;
            }
            match self.begin_with(&base, now_ms).await {
                Ok(draft) => return Ok(Begun::Draft(draft)),
                // Its index cannot be read: the one before it may be whole.
                Err(Failure::Store(StoreError::Damaged { .. })) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(Begun::Draft(self.begin_whole(now_ms).await?))
    }

    /// One slice; gives the manifest when it is stored.
    async fn go_on(&mut self, draft: &mut Draft, now_ms: u64) -> Result<Option<Manifest>, Failure> {
        if !self.note_changes(draft).await? {
            return Ok(None);
        }
        if draft.unwritten_bytes() >= COMMIT_BYTES {
            return self.write_some(draft).await.map(|()| None);
        }
        if !draft.is_through() {
            self.walk(draft).await?;
            return self.write_some(draft).await.map(|()| None);
        }
        self.pack_changed(draft, CHANGED_MAX).await?;
        if draft.changed() > 0 || draft.unwritten_bytes() >= COMMIT_BYTES {
            return self.write_some(draft).await.map(|()| None);
        }
        let heads = self.workspace().heads();
        let (pos, streams) = (heads.pos(), heads.streams.clone());
        let roots = self.roots().await?;
        self.finish(draft, Stand { pos, streams, roots }, now_ms).await.map(Some)
    }

    /// Commit chunks, as many as one commit may hold.
    pub(super) async fn write_some(&mut self, draft: &mut Draft) -> Result<(), Failure> {
        let some: Vec<HashText> = draft.unwritten.keys().copied().take(COMMIT_BYTES / (10 << 10)).collect();
        let written = self.write_chunks(draft, &some).await?;
        // Until a manifest refers to them nothing does.
        self.note_loose(some.iter().copied(), draft.begun_at);
        self.commit().await?;
        draft.written += written;
        for name in some {
            draft.unwritten.remove(&name);
            draft.stored.insert(name);
        }
        Ok(())
    }

    /// Put the chunks of those names into the next commit, but for those that are stored. Says how many bytes they are.
    async fn write_chunks(&mut self, draft: &Draft, names: &[HashText]) -> Result<u64, Failure> {
        let pos = self.workspace().pos();
        let mut bytes = 0;
        let is_stored = self.are_stored(names).await?;
        for (name, is_stored) in names.iter().zip(is_stored) {
            let Some(chunk) = draft.unwritten.get(name).filter(|_| !is_stored) else { continue };
            let row = chunk.row(pos);
            bytes += row.value.len() as u64;
            self.workspace.write_aside(Chunk::address(name), Write::Put(row));
        }
        Ok(bytes)
    }

    /// Which of these chunks are stored, and whole.
    async fn are_stored(&self, names: &[HashText]) -> Result<Vec<bool>, Failure> {
        let addresses: Vec<Address> = names.iter().map(Chunk::address).collect();
        match self.store.rows(&self.name(), &addresses).await {
            Ok(rows) => {
                let is_whole = |(name, row): (&HashText, Option<_>)| {
                    row.is_some_and(|row: kernel::storage::Row| Chunk::open(name, &row.value).is_some())
                };
                Ok(names.iter().zip(rows).map(is_whole).collect())
            }
            // One of them is damaged: they are all written again.
            Err(StoreError::Damaged { .. }) => Ok(vec![false; names.len()]),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything is packed as it stands there: the rest, and the manifest.
    pub(super) async fn finish(&mut self, draft: &mut Draft, stand: Stand, now_ms: u64) -> Result<Manifest, Failure> {
        let mut spaces: BTreeMap<_, Top> = BTreeMap::new();
        let mut named = BTreeSet::new();
        for (space, leaves) in &draft.spaces {
            let Some((top, chunks)) = index(leaves) else { continue };
            spaces.insert(*space, top);
            named.extend(leaves.values().map(|below| below.chunk));
            named.extend(chunks.iter().map(Chunk::hash));
            for chunk in chunks.into_iter().filter(|chunk| !draft.stored.contains(&chunk.hash())) {
                draft.unwritten.insert(chunk.hash(), chunk);
            }
        }
        let names: Vec<HashText> = draft.unwritten.keys().copied().collect();
        let written = draft.written + self.write_chunks(draft, &names).await?;
        // Some may have been packed again since, and pieces of values are named by chunks only.
        self.note_loose(names.into_iter().filter(|name| !named.contains(name)), draft.begun_at);
        let Stand { pos, streams, roots } = stand;
        let (format, workspace) = (self.workspace().heads().format, self.workspace().id());
        let manifest = Manifest {
            snapshot: SNAPSHOT_FORMAT,
            format,
            workspace,
            pos,
            made_at: now_ms,
            streams,
            roots,
            spaces,
            written,
        };
        let row = manifest.row().map_err(|why| broken(Stop::Broken(why)))?;
        self.workspace.write_aside(Manifest::address(manifest.pos), Write::Put(row));
        self.commit().await?;
        Ok(manifest)
    }
}

/// Where the workspace stands, or stood.
pub(super) struct Stand {
    pub(super) pos: u64,
    pub(super) streams: BTreeMap<Space, StreamHead>,
    pub(super) roots: BTreeMap<Space, HashText>,
}

enum Begun {
    Draft(Draft),
    /// There is one of this position.
    Made(Manifest),
}

/// Whether another writer was faster, so that it goes on from the new head.
pub(crate) fn is_met(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Store(StoreError::Conflict(Conflict::Head { .. } | Conflict::Taken(_)) | StoreError::Unavailable(_))
    )
}
