//! Reading rows as they were at a snapshot.

use super::chunks::damaged;
use crate::{Failure, Sequencer};
use kernel::key::Space;
use kernel::reject::Code;
use kernel::snapshot::{Entry, Halt, Manifest, Packed, Top, find, leaves};
use kernel::storage::Row;
use ports::StoreError;
use std::collections::{BTreeMap, BTreeSet};

/// Chunks of rows read together when all of them are.
const TOGETHER: usize = 32;

impl Sequencer {
    /// The manifest of the snapshot at `pos`; refused when there is none.
    pub async fn snapshot_at(&mut self, pos: u64) -> Result<Manifest, Failure> {
        self.exists()?;
        let rows = self.store.rows(&self.name(), &[Manifest::address(pos)]).await?;
        let Some(row) = rows.into_iter().next().flatten() else {
            return Err(Failure::Refused(Code::NotFound.because(format!("there is no snapshot of position {pos}"))));
        };
        let unusable =
            |why| StoreError::Damaged { what: format!("the manifest of snapshot {pos} cannot be used: {why}") };
        Ok(Manifest::read(self.workspace().id(), pos, &row.value).map_err(unusable)?)
    }

    /// The rows under `keys` as they were at a snapshot, in that order; none where there was none. Each costs a look at the
    /// index and a chunk, and rows that lie together share them.
    pub async fn read_at(
        &mut self,
        snapshot: &Manifest,
        space: Space,
        keys: &[String],
    ) -> Result<Vec<Option<Row>>, Failure> {
        self.exists()?;
        self.snapshots.chunks.trim();
        let Some(top) = snapshot.spaces.get(&space) else { return Ok(vec![None; keys.len()]) };
        let found = self.ask_chunks(|chunks| {
            let mut missing = BTreeSet::new();
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                match find(top, key, &|name| chunks.node(name)) {
                    Ok(row) => found.push(row),
                    Err(Halt::Load(names)) => missing.extend(names),
                    Err(unfit) => return Err(unfit),
                }
            }
            if missing.is_empty() { Ok(found) } else { Err(Halt::Load(missing)) }
        });
        let found = found.await?;
        let mut rows = Vec::with_capacity(found.len());
        for (key, row) in keys.iter().zip(found) {
            rows.push(match row {
                Some(row) => Some(self.whole(top, key, row).await?),
                None => None,
            });
        }
        Ok(rows)
    }

    /// Rows of `space` as they were at a snapshot, with `after < key < until`, in order, at most `limit`.
    pub async fn range_at(
        &mut self,
        snapshot: &Manifest,
        space: Space,
        [after, until]: [&str; 2],
        limit: usize,
    ) -> Result<Vec<(String, Row)>, Failure> {
        self.exists()?;
        self.snapshots.chunks.trim();
        let Some(top) = snapshot.spaces.get(&space) else { return Ok(Vec::new()) };
        let all = self.ask_chunks(|chunks| leaves(top, &|name| chunks.node(name))).await?;
        let first = all.range(..=after.to_owned()).next_back().map_or("", |(first, _)| first.as_str());
        let mut rows = Vec::new();
        for (_, below) in all.range(first.to_owned()..).take_while(|(first, _)| first.as_str() < until) {
            for entry in self.entries_of(&below.chunk).await? {
                if entry.key.as_str() <= after || entry.key.as_str() >= until {
                    continue;
                }
                if rows.len() == limit {
                    return Ok(rows);
                }
                let row = Packed::read(&entry.body).ok_or_else(|| damaged(&below.chunk, "it is malformed"))?;
                let row = self.whole(top, &entry.key, row).await?;
                rows.push((entry.key, row));
            }
        }
        Ok(rows)
    }

    /// Look at every row of a snapshot, and with that at every chunk.
    pub(super) async fn each_row(
        &mut self,
        snapshot: &Manifest,
        see: &mut dyn FnMut(Space, String, Row),
    ) -> Result<(), Failure> {
        for (space, top) in &snapshot.spaces {
            let all = self.ask_chunks(|chunks| leaves(top, &|name| chunks.node(name))).await?;
            let names: Vec<_> = all.values().map(|below| below.chunk).collect();
            let mut rows = 0;
            for some in names.chunks(TOGETHER) {
                self.snapshots.chunks.trim();
                self.load_chunks(&some.iter().copied().collect()).await?;
                for name in some {
                    for entry in self.entries_of(name).await? {
                        let row = Packed::read(&entry.body).ok_or_else(|| damaged(name, "it is malformed"))?;
                        let row = self.whole(top, &entry.key, row).await?;
                        rows += 1;
                        see(*space, entry.key, row);
                    }
                }
            }
            if rows != top.rows {
                return Err(damaged(&top.chunk, "there are not as many rows below it as the manifest says"));
            }
        }
        Ok(())
    }

    pub(super) async fn entries_of(&mut self, chunk: &kernel::hash::HashText) -> Result<Vec<Entry>, Failure> {
        let node = self.ask_chunks(|chunks| {
            let node = chunks.node(chunk).ok_or_else(|| Halt::Load(BTreeSet::from([*chunk])))?;
            if node.level == 0 { Ok(node.entries.clone()) } else { Err(Halt::Unfit(*chunk)) }
        });
        node.await
    }

    /// A row with its value, which may stand in chunks of its own.
    async fn whole(&mut self, top: &Top, key: &str, row: Packed) -> Result<Row, Failure> {
        let pieces = self.stored_chunks(row.pieces().to_vec()).await?;
        row.row(&pieces).ok_or_else(|| damaged(&top.chunk, &format!("the value of {key} below it is not whole")))
    }
}

/// Rows by space and key.
pub(super) type Rows = BTreeMap<(Space, String), Row>;
