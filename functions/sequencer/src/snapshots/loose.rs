//! Chunks that no snapshot may refer to any more, noted until it is certain.
//!
//! What a snapshot that is being made writes is noted with it, for it may never be finished; what a snapshot that is removed
//! referred to, too. After a grace time those of them that no snapshot refers to are removed. So the chunks need never be
//! gone through as a whole, and one that somebody is about to refer to stays: it was noted again by who is about to.

use crate::{Failure, Sequencer};
use kernel::hash::HashText;
use kernel::id::text::{read_number, write_number};
use kernel::machine::row_hash;
use kernel::snapshot::{Chunk, Manifest, SNAPSHOTS_SPACE};
use kernel::storage::{Address, Row, Write};
use ports::StoreError;
use std::collections::BTreeSet;

/// How long a chunk that is noted stays; longer than a snapshot may take.
pub(super) const GRACE_MS: u64 = 60 * 60 * 1000;
/// Chunks in one note.
const NOTE: usize = 512;
/// Notes read in one go.
const PAGE: usize = 64;

impl Sequencer {
    /// Note `names` with the next commit.
    pub(super) fn note_loose(&mut self, names: impl IntoIterator<Item = HashText>, now_ms: u64) {
        let names: Vec<HashText> = names.into_iter().collect();
        let since = self.workspace().pos();
        for some in names.chunks(NOTE) {
            let Some(first) = some.first() else { continue };
            // The first name tells it from other notes of the same moment.
            let value: Vec<u8> = some.iter().flat_map(|name| name.0).collect();
            let row = Row { hash: row_hash(&value), value, since };
            self.workspace.write_aside(note(now_ms, first), Write::Put(row));
        }
    }

    /// Remove chunks of the first note that is old enough; false when there is none. What is in `used`, or in a note that is
    /// younger, stays.
    pub(super) async fn remove_loose(&mut self, used: &BTreeSet<HashText>, now_ms: u64) -> Result<bool, Failure> {
        let mut old: Option<(String, Vec<HashText>)> = None;
        let mut young = BTreeSet::new();
        let mut after = Manifest::LOOSE.to_owned();
        loop {
            let page = self.store.range(&self.name(), SNAPSHOTS_SPACE, &after, "loose0", PAGE).await?;
            let is_last = page.len() < PAGE;
            for (key, row) in page {
                let names = row.value.as_chunks::<32>().0.iter().copied().map(HashText);
                if noted_at(&key)?.saturating_add(GRACE_MS) > now_ms {
                    young.extend(names);
                } else if old.is_none() {
                    old = Some((key.clone(), names.collect()));
                }
                after = key;
            }
            if is_last {
                break;
            }
        }
        let Some((key, names)) = old else { return Ok(false) };
        for name in names.iter().filter(|name| !used.contains(name) && !young.contains(name)) {
            self.workspace.write_aside(Chunk::address(name), Write::Delete);
        }
        self.workspace.write_aside(Address::new(SNAPSHOTS_SPACE, key), Write::Delete);
        self.commit().await?;
        Ok(true)
    }
}

fn note(now_ms: u64, first: &HashText) -> Address {
    let mut key = Manifest::LOOSE.to_owned();
    // Writing to a string cannot fail.
    let _ = write_number(&mut key, now_ms);
    Address::new(SNAPSHOTS_SPACE, format!("{key}.{first}"))
}

fn noted_at(key: &str) -> Result<u64, Failure> {
    let number = key.strip_prefix(Manifest::LOOSE).and_then(|rest| rest.split_once('.'));
    let at = number.and_then(|(number, _)| read_number(number).ok());
    at.ok_or_else(|| StoreError::Damaged { what: format!("row {SNAPSHOTS_SPACE}/{key}") }.into())
}
