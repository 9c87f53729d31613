//! The workspace as it was at any position: the newest snapshot before it that is whole, and the events up to it.

use super::read::Rows;
use crate::{Failure, Finding, Sequencer};
use kernel::reject::Code;
use kernel::replay::Replay;
use kernel::snapshot::Manifest;
use ports::StoreError;

/// Events read in one go.
const EVENTS: usize = 512;

/// A workspace as it was.
#[derive(Debug)]
pub struct Past {
    /// Its rows, streams and roots.
    pub replay: Replay,
    /// Position of the snapshot it was taken from; none when it was replayed from empty.
    pub from: Option<u64>,
    /// Newer snapshots that could not be used, each with the reason.
    pub passed_over: Vec<Finding>,
}

/// The newest snapshot that can be used.
#[derive(Debug, Default)]
pub struct Usable {
    /// It; none when there is none.
    pub manifest: Option<Manifest>,
    /// Newer ones that could not be used, each with the reason.
    pub passed_over: Vec<Finding>,
}

impl Sequencer {
    /// The newest snapshot at `pos` or before whose every chunk is whole.
    pub async fn latest_valid_at_or_before(&mut self, pos: u64) -> Result<Usable, Failure> {
        Ok(self.usable(pos).await?.0)
    }

    /// The workspace as it was after the event at `pos`.
    pub async fn past(&mut self, pos: u64) -> Result<Past, Failure> {
        let end = self.workspace().pos();
        if pos > end {
            let why = format!("position {pos} never was: the log ends at {end}");
            return Err(Failure::Refused(Code::InvalidArgument.because(why)));
        }
        let (Usable { mut manifest, passed_over }, rows) = self.usable(pos).await?;
        let damaged = |what| StoreError::Damaged { what };
        let rows = rows.into_iter().map(|((space, key), row)| (space, key, row));
        let mut replay = match &manifest {
            Some(manifest) => Replay::from_snapshot(manifest, rows).map_err(damaged)?,
            None => self.begin_replay().await?,
        };
        // Where a line stands on what is not told by any snapshot, the log tells it.
        if let Some(from) = &manifest
            && !self.announced(from, &mut replay).await?
        {
            (replay, manifest) = (self.begin_replay().await?, None);
        }
        while replay.heads().pos() < pos {
            let page = self.store.events(&self.name(), replay.heads().pos(), EVENTS).await?;
            if page.is_empty() {
                return Err(damaged(format!("event {} is not there", replay.heads().pos() + 1)).into());
            }
            for event in page.iter().filter(|event| event.pos <= pos) {
                replay.event(event).map_err(|why| damaged(format!("event {}: {why}", event.pos)))?;
            }
        }
        Ok(Past { replay, from: manifest.map(|manifest| manifest.pos), passed_over })
    }

    async fn usable(&mut self, pos: u64) -> Result<(Usable, Rows), Failure> {
        self.exists()?;
        if self.is_stale() {
            self.reopen().await?;
        }
        let mut passed_over = Vec::new();
        for (at, found) in self.manifests().await?.into_iter().rev().filter(|(at, _)| *at <= pos) {
            let what = format!("snapshot {at}");
            let manifest = match found {
                Ok(manifest) => manifest,
                Err(why) => {
                    passed_over.push(Finding { what, why });
                    continue;
                }
            };
            let mut rows = Rows::new();
            match self.each_row(&manifest, &mut |space, key, row| drop(rows.insert((space, key), row))).await {
                Ok(()) => return Ok((Usable { manifest: Some(manifest), passed_over }, rows)),
                Err(Failure::Store(StoreError::Damaged { what: why })) => passed_over.push(Finding { what, why }),
                Err(failure) => return Err(failure),
            }
        }
        Ok((Usable { manifest: None, passed_over }, Rows::new()))
    }
}
