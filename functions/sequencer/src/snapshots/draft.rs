//! A snapshot that is being made: what is packed already, and what has to be packed still.

use super::chunks::unfit;
use crate::{Failure, Sequencer, broken};
use kernel::event::{Header, Place};
use kernel::hash::HashText;
use kernel::key::{Key, Line, Space};
use kernel::machine::{Stop, kept_key};
use kernel::snapshot::{Chunk, Edits, Entry, Halt, Leaves, Manifest, Packer, holds, leaves, packed, patch};
use kernel::storage::{Address, Row, StoredEvent};
use std::collections::{BTreeMap, BTreeSet};

/// Events looked at in one slice, and read with one question.
const EVENTS: usize = 2_048;
const EVENTS_TOGETHER: usize = 256;
/// Rows read with one question.
const ROWS: usize = 256;
/// Bytes of rows that are packed in one slice, about.
const SLICE_BYTES: usize = 512 << 10;
/// Above every key of a space.
const END: &str = "\u{7f}";

/// A snapshot that is being made.
#[derive(Debug)]
pub(super) struct Draft {
    /// Whether it is made of all rows, and not of the snapshot before it.
    pub(super) whole: bool,
    /// When it was begun, milliseconds since 1970.
    pub(super) begun_at: u64,
    /// What events after this position changed was not looked at yet.
    seen: u64,
    /// Chunks of rows so far.
    pub(super) spaces: BTreeMap<Space, Leaves>,
    /// Spaces whose rows are still to be packed for the first time, and the one that is being packed.
    ahead: Vec<Space>,
    walk: Option<Walk>,
    /// Keys of rows that were changed since they were packed.
    changed: BTreeMap<Space, BTreeSet<String>>,
    /// Chunks that are known to be stored.
    pub(super) stored: BTreeSet<HashText>,
    /// Chunks that are not stored yet.
    pub(super) unwritten: BTreeMap<HashText, Chunk>,
    /// Bytes that were written for it.
    pub(super) written: u64,
}

/// Packing the rows of a space for the first time.
#[derive(Debug)]
struct Walk {
    space: Space,
    after: String,
    packer: Packer,
}

impl Draft {
    pub(super) fn new(whole: bool, begun_at: u64, seen: u64) -> Self {
        Self {
            whole,
            begun_at,
            seen,
            spaces: BTreeMap::new(),
            ahead: Vec::new(),
            walk: None,
            changed: BTreeMap::new(),
            stored: BTreeSet::new(),
            unwritten: BTreeMap::new(),
            written: 0,
        }
    }

    /// How many rows are known to be packed as they are not any more.
    pub(super) fn changed(&self) -> usize {
        self.changed.values().map(BTreeSet::len).sum()
    }

    /// Whether every row was packed once.
    pub(super) fn is_through(&self) -> bool {
        self.walk.is_none() && self.ahead.is_empty()
    }

    /// Bytes that wait to be written, about.
    pub(super) fn unwritten_bytes(&self) -> usize {
        self.unwritten.len() * (10 << 10)
    }

    /// Take in a chunk that was packed.
    pub(super) fn add(&mut self, chunk: Chunk) {
        if !self.stored.contains(&chunk.hash()) {
            self.unwritten.insert(chunk.hash(), chunk);
        }
    }

    fn note(&mut self, space: Space, key: String) {
        self.changed.entry(space).or_default().insert(key);
    }

    /// The next keys of rows that were changed, at most `limit`, of one space.
    fn take_changed(&mut self, limit: usize) -> Option<(Space, Vec<String>)> {
        let mut entry = self.changed.first_entry()?;
        let space = *entry.key();
        let mut keys = Vec::new();
        while keys.len() < limit
            && let Some(key) = entry.get_mut().pop_first()
        {
            keys.push(key);
        }
        if entry.get().is_empty() {
            entry.remove();
        }
        Some((space, keys))
    }

    pub(super) fn pack(&mut self, row: &Row) -> Vec<u8> {
        let (body, pieces) = packed(row);
        pieces.into_iter().for_each(|piece| self.add(piece));
        body
    }
}

impl Sequencer {
    /// Begin with the chunks of `base`.
    pub(super) async fn begin_with(&mut self, base: &Manifest, now_ms: u64) -> Result<Draft, Failure> {
        let mut draft = Draft::new(false, now_ms, base.pos);
        for (space, top) in &base.spaces {
            let found = self.ask_chunks(|chunks| leaves(top, &|name| chunks.node(name))).await?;
            draft.stored.insert(top.chunk);
            draft.stored.extend(found.values().map(|below| below.chunk));
            draft.spaces.insert(*space, found);
        }
        Ok(draft)
    }

    /// Begin with nothing: every row is read.
    pub(super) async fn begin_whole(&mut self, now_ms: u64) -> Result<Draft, Failure> {
        let mut draft = Draft::new(true, now_ms, self.workspace().pos());
        let spaces = self.store.spaces(&self.name()).await?;
        draft.ahead = spaces.iter().filter_map(|space| space.parse().ok()).filter(|space| holds(*space)).collect();
        Ok(draft)
    }

    /// Look at what events changed since they were last looked at; true when none is left.
    pub(super) async fn note_changes(&mut self, draft: &mut Draft) -> Result<bool, Failure> {
        let (mut left, head) = (EVENTS, self.workspace().pos());
        while draft.seen < head && left > 0 {
            let page = self.store.events(&self.name(), draft.seen, EVENTS_TOGETHER.min(left)).await?;
            let Some(last) = page.last() else {
                return Err(broken(Stop::Broken(format!("event {} is not there", draft.seen + 1))));
            };
            let seen = last.pos;
            for event in &page {
                self.note_event(draft, event).await?;
            }
            draft.seen = seen;
            left = left.saturating_sub(page.len());
        }
        Ok(draft.seen >= head)
    }

    async fn note_event(&self, draft: &mut Draft, event: &StoredEvent) -> Result<(), Failure> {
        let damaged = |why| broken(Stop::Broken(format!("event {}: {why}", event.pos)));
        let (header, data) = Header::decode(&event.body).map_err(damaged)?;
        for place in header.places(&data) {
            match place {
                Place::Control(key) => draft.note(Space::Control, key.to_string()),
                Place::Data(key) => {
                    draft.note(Space::Data(header.line()), key.to_string());
                    if header.keep.is_some() {
                        self.note_kept(draft, header.line(), key).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The event may have kept the row as it was before, which is then a row of its own.
    async fn note_kept(&self, draft: &mut Draft, line: Line, key: Key) -> Result<(), Failure> {
        let (after, until) = (kept_key(&key, 0), kept_key(&key, u64::MAX));
        let space = Space::Kept(line);
        for (key, _) in self.store.range(&self.name(), &space.to_string(), &after, &until, usize::MAX >> 1).await? {
            draft.note(space, key);
        }
        Ok(())
    }

    /// Pack the next rows for the first time. Where the store does not answer, the walk stays where it is.
    pub(super) async fn walk(&mut self, draft: &mut Draft) -> Result<(), Failure> {
        if draft.walk.is_none() {
            draft.walk = draft.ahead.pop().map(Walk::of);
        }
        let mut bytes = 0;
        while bytes < SLICE_BYTES
            && let Some(walk) = &draft.walk
        {
            let page = self.store.range(&self.name(), &walk.space.to_string(), &walk.after, END, ROWS).await?;
            let Some(mut walk) = draft.walk.take() else { return Ok(()) };
            let is_last = page.len() < ROWS;
            for (key, row) in page {
                bytes += key.len() + row.value.len();
                let body = draft.pack(&row);
                walk.after.clone_from(&key);
                walk.packer.push(Entry { key, body }).into_iter().for_each(|chunk| draft.add(chunk));
            }
            if is_last {
                let (leaves, last) = walk.packer.end();
                last.into_iter().for_each(|chunk| draft.add(chunk));
                draft.spaces.insert(walk.space, leaves);
                return Ok(());
            }
            draft.walk = Some(walk);
        }
        Ok(())
    }

    /// Pack again rows that were changed, at most `limit`.
    pub(super) async fn pack_changed(&mut self, draft: &mut Draft, mut limit: usize) -> Result<(), Failure> {
        while limit > 0
            && let Some((space, keys)) = draft.take_changed(limit.min(ROWS))
        {
            limit -= keys.len();
            if let Err(failure) = self.pack_again(draft, space, &keys).await {
                // What was taken is still to be packed when this goes on.
                keys.into_iter().for_each(|key| draft.note(space, key));
                return Err(failure);
            }
        }
        Ok(())
    }

    async fn pack_again(&mut self, draft: &mut Draft, space: Space, keys: &[String]) -> Result<(), Failure> {
        let addresses: Vec<Address> = keys.iter().map(|key| Address::new(space.to_string(), key.as_str())).collect();
        let rows = self.store.rows(&self.name(), &addresses).await?;
        let edits: Edits =
            keys.iter().zip(rows).map(|(key, row)| (key.clone(), row.map(|row| draft.pack(&row)))).collect();
        self.patch(draft, space, &edits).await
    }

    /// Pack rows of a space again as `edits` have them.
    pub(super) async fn patch(&mut self, draft: &mut Draft, space: Space, edits: &Edits) -> Result<(), Failure> {
        let old = draft.spaces.get(&space).cloned().unwrap_or_default();
        let patched = loop {
            match patch(&old, edits, &|name| self.snapshots.chunks.node(name)) {
                Ok(patched) => break patched,
                Err(Halt::Load(names)) => self.load_drafted(draft, names).await?,
                Err(Halt::Unfit(name)) => return Err(unfit(&name)),
            }
        };
        for chunk in patched.chunks {
            self.snapshots.chunks.hold(&chunk);
            draft.add(chunk);
        }
        draft.spaces.insert(space, patched.leaves);
        Ok(())
    }

    /// Load chunks, some of which may be packed and not stored yet.
    pub(super) async fn load_drafted(&mut self, draft: &Draft, mut names: BTreeSet<HashText>) -> Result<(), Failure> {
        for name in std::mem::take(&mut names) {
            match draft.unwritten.get(&name) {
                Some(chunk) => self.snapshots.chunks.hold(chunk),
                None => drop(names.insert(name)),
            }
        }
        self.load_chunks(&names).await
    }
}

impl Walk {
    fn of(space: Space) -> Self {
        Self { space, after: String::new(), packer: Packer::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::WorkspaceId;
    use ports::Store as _;
    use std::rc::Rc;
    use store_memory::MemoryStore;
    use testkit::block_on;

    fn row(value: &str) -> Row {
        Row { value: value.as_bytes().to_vec(), hash: [0; 32], since: 1 }
    }

    #[test]
    fn what_is_packed_and_not_stored_yet_is_packed_again_though_it_is_held_nowhere_else() {
        block_on(async {
            let (id, store) = (WorkspaceId::new(&[1; 32], &[2; 16]), Rc::new(MemoryStore::default()));
            store.create(&id.to_string()).await.unwrap();
            let mut sequencer = Sequencer::claim(store, id, [3; 32]).await.unwrap();
            let mut draft = Draft::new(true, 0, 0);
            for (key, value) in [("task/1", "one"), ("task/2", "two"), ("task/1", "another")] {
                let edits = Edits::from([(key.to_owned(), Some(draft.pack(&row(value))))]);
                sequencer.patch(&mut draft, Space::MAIN, &edits).await.unwrap();
                sequencer.snapshots.forget();
            }
            let (first, below) = draft.spaces[&Space::MAIN].first_key_value().unwrap();
            assert_eq!((first.as_str(), below.rows), ("task/1", 2));
        });
    }
}
