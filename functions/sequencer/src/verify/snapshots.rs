//! Snapshots against the log: every manifest is the one that the events lead to, and every chunk of it is there.
//!
//! Packing depends on the rows alone, so the rows that the events lead to are packed again and have to come to the same
//! names; no chunk has to be taken apart for that.

use super::{PAGE, Verified, all_rows, unreadable};
use kernel::hash::HashText;
use kernel::id::WorkspaceId;
use kernel::key::Space;
use kernel::replay::Replay;
use kernel::snapshot::{CHUNKS_SPACE, Chunk, Entry, Manifest, Packer, SNAPSHOTS_SPACE, Top, holds, index, packed};
use ports::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// Snapshots that a store holds.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Manifests that are to be compared, by position.
    manifests: BTreeMap<u64, Manifest>,
    /// Chunks that those compared refer to.
    chunks: BTreeSet<HashText>,
    /// Whether all manifests could be read: only then is it known which chunks none refers to.
    is_known: bool,
}

impl Snapshots {
    /// Read the manifests, and name those that are not as they were written.
    pub(super) async fn read(
        store: &dyn Store,
        name: &str,
        id: WorkspaceId,
        verified: &mut Verified,
    ) -> Result<Self, StoreError> {
        let mut it = Self::default();
        let Some(rows) = all_rows(store, name, SNAPSHOTS_SPACE, verified).await? else { return Ok(it) };
        it.is_known = true;
        for (key, row) in &rows {
            let Some(pos) = Manifest::pos_of(key) else { continue };
            match Manifest::read(id, pos, &row.value) {
                Ok(manifest) => drop(it.manifests.insert(pos, manifest)),
                Err(why) => {
                    it.is_known = false;
                    verified.find(format!("snapshot {pos}"), why);
                }
            }
        }
        for key in rows.keys().filter(|key| Manifest::pos_of(key).is_none()) {
            match Manifest::pinned(key) {
                Some(pos) if rows.contains_key(&Manifest::address(pos).key) => {}
                Some(pos) => verified.find(format!("snapshot {pos}"), "something stands on it, and it is not there"),
                None if key.starts_with(Manifest::LOOSE) => {}
                None => verified.find(format!("row {SNAPSHOTS_SPACE}/{key}"), "it is nothing that is kept there"),
            }
        }
        Ok(it)
    }

    /// The replay came to a position: if there is a snapshot of it, it is compared.
    pub(super) fn compare(&mut self, replay: &Replay, verified: &mut Verified) -> Result<(), StoreError> {
        let Some(manifest) = self.manifests.remove(&replay.heads().pos()) else { return Ok(()) };
        let what = format!("snapshot {}", manifest.pos);
        if manifest.streams != replay.heads().streams {
            verified.find(&what, "it names other streams than the events lead to");
        }
        for (space, root) in &manifest.roots {
            if replay.root(*space).map_err(unreadable)? != *root {
                verified.find(&what, format!("it names another root of {space} than the events lead to"));
            }
        }
        let (tops, names) = packed_again(replay)?;
        if tops != manifest.spaces {
            verified.find(&what, "its rows are not those that the events lead to");
        }
        self.chunks.extend(names);
        Ok(())
    }

    /// The replay is over: the chunks in the store against those that snapshots refer to.
    pub(super) async fn compare_chunks(
        self,
        store: &dyn Store,
        name: &str,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        for pos in self.manifests.keys() {
            verified.find(format!("snapshot {pos}"), "it is ahead of the events");
        }
        let mut missing = self.chunks.clone();
        let mut after = String::new();
        loop {
            let page = match store.range(name, CHUNKS_SPACE, &after, "\u{7f}", PAGE / 16).await {
                Ok(page) => page,
                Err(StoreError::Damaged { what }) => {
                    verified.find(what, "it cannot be read");
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let is_last = page.len() < PAGE / 16;
            for (key, row) in page {
                let named = key.parse::<HashText>().ok().filter(|name| Chunk::open(name, &row.value).is_some());
                match named {
                    None if key.starts_with(Manifest::LOOSE) => {}
                    None => verified.find(format!("chunk {key}"), "it is not the one of its name"),
                    Some(name) if !missing.remove(&name) && self.is_known => verified.loose.push(key.clone()),
                    Some(_) => {}
                }
                after = key;
            }
            if is_last {
                break;
            }
        }
        for name in missing {
            verified.find(format!("chunk {name}"), "a snapshot refers to it, and it is not there");
        }
        Ok(())
    }
}

/// The tops that the replayed rows pack to, and the names of all chunks.
fn packed_again(replay: &Replay) -> Result<(BTreeMap<Space, Top>, BTreeSet<HashText>), StoreError> {
    let (mut tops, mut names) = (BTreeMap::new(), BTreeSet::new());
    for (space, rows) in replay.rows().map_err(unreadable)? {
        let Some(space) = space.parse().ok().filter(|space| holds(*space)) else { continue };
        let mut packer = Packer::default();
        for (key, row) in rows {
            let (body, pieces) = packed(&row);
            names.extend(pieces.iter().map(Chunk::hash));
            names.extend(packer.push(Entry { key, body }).iter().map(Chunk::hash));
        }
        let (leaves, last) = packer.end();
        names.extend(last.as_ref().map(Chunk::hash));
        let Some((top, chunks)) = index(&leaves) else { continue };
        names.extend(chunks.iter().map(Chunk::hash));
        tops.insert(space, top);
    }
    Ok((tops, names))
}
