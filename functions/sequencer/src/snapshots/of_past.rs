//! A snapshot of a position that is past: what a restore stands on.

use super::draft::Draft;
use super::make::{COMMIT_BYTES, Stand};
use crate::{Failure, Past, Sequencer, broken};
use kernel::key::Space;
use kernel::machine::Stop;
use kernel::snapshot::{Entry, Manifest, Packer, holds};
use kernel::storage::Row;
use ports::{SnapshotView, StoreError};
use std::collections::BTreeMap;

impl Sequencer {
    /// Make a snapshot of the workspace as it was after the event at `pos`, if there is none that is whole. Commands wait
    /// until it is made. It begins with the snapshot before, and holds what was changed since; where there is none, or where
    /// there are forks, it holds all rows in memory.
    pub async fn snapshot_of(&mut self, pos: u64, now_ms: u64) -> Result<SnapshotView, Failure> {
        if let Some(manifest) = self.snapshot_after_another(pos, now_ms).await? {
            return self.view_of(&manifest).await;
        }
        let past = self.past(pos).await?;
        self.snapshot_from(past, pos, now_ms).await
    }

    /// The snapshot of `pos`, made of the newest one at it or before; none when that cannot be done.
    async fn snapshot_after_another(&mut self, pos: u64, now_ms: u64) -> Result<Option<Manifest>, Failure> {
        self.exists()?;
        if self.is_stale() {
            self.reopen().await?;
        }
        let found = self.manifests().await?.into_iter().rev().find(|(at, found)| *at <= pos && found.is_ok());
        let Some((_, Ok(base))) = found.filter(|_| pos <= self.workspace().pos()) else { return Ok(None) };
        match self.snapshot_after(base, pos, now_ms).await {
            // The log tells the same, slowly.
            Err(Failure::Store(StoreError::Damaged { .. })) => Ok(None),
            made => made,
        }
    }

    async fn snapshot_from(&mut self, past: Past, pos: u64, now_ms: u64) -> Result<SnapshotView, Failure> {
        let Past { replay, from, .. } = past;
        if from == Some(pos) {
            let manifest = self.snapshot_at(pos).await?;
            return self.view_of(&manifest).await;
        }
        let mut draft = Draft::new(true, now_ms, pos);
        let unreadable = |why| broken(Stop::Broken(why));
        let rows = replay.rows().map_err(unreadable)?;
        for (space, rows) in rows {
            let Some(space) = space.parse().ok().filter(|space| holds(*space)) else { continue };
            self.pack_all(&mut draft, space, rows).await?;
        }
        let streams = replay.heads().streams.clone();
        // The line that main was on has a root, though nothing may have happened on it yet.
        let main = Space::Data(replay.main());
        let spaces = [Space::Control, main].into_iter().chain(streams.keys().copied());
        let roots =
            spaces.map(|space| Ok((space, replay.root(space)?))).collect::<Result<_, _>>().map_err(unreadable)?;
        let manifest = self.finish(&mut draft, Stand { pos, streams, roots }, now_ms).await?;
        self.view_of(&manifest).await
    }

    async fn pack_all(&mut self, draft: &mut Draft, space: Space, rows: BTreeMap<String, Row>) -> Result<(), Failure> {
        let mut packer = Packer::default();
        for (key, row) in rows {
            let body = draft.pack(&row);
            packer.push(Entry { key, body }).into_iter().for_each(|chunk| draft.add(chunk));
            if draft.unwritten_bytes() >= COMMIT_BYTES {
                self.write_some(draft).await?;
            }
        }
        let (leaves, last) = packer.end();
        last.into_iter().for_each(|chunk| draft.add(chunk));
        draft.spaces.insert(space, leaves);
        Ok(())
    }
}
