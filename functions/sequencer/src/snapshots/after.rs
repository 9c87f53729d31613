//! A snapshot of a position that is past, made of the one before it and the events between.

use super::chunks::damaged as malformed;
use super::draft::Draft;
use super::make::{COMMIT_BYTES, Stand};
use crate::{Failure, Sequencer};
use kernel::entity::Branch;
use kernel::event::{Header, Place};
use kernel::hash::{Hash, HashText};
use kernel::key::{BranchId, Key, Line, Space};
use kernel::machine::{StreamHead, over_base, row_hash};
use kernel::map::Running;
use kernel::past::{Past, PastRows};
use kernel::snapshot::{Edits, Manifest, Packed};
use kernel::storage::{Row, StoredEvent};
use ports::StoreError;
use std::collections::{BTreeMap, BTreeSet};

/// Events read in one go.
const EVENTS: usize = 256;
/// Chunks read in one go.
const CHUNKS: usize = 32;
/// Rows packed in one go, so that not all of the chunks they are in are held.
const ROWS: usize = 256;

/// What the events between a snapshot and a position did.
struct Since {
    /// The places they name.
    touched: BTreeSet<(Space, Key)>,
    /// Where the streams end there.
    streams: BTreeMap<Space, StreamHead>,
}

impl Sequencer {
    /// The snapshot of `pos`, made of `base`. It holds what was changed since, and a few chunks of the rest. None where there
    /// are forks: they keep versions of rows, and only a whole replay knows which.
    pub(super) async fn snapshot_after(
        &mut self,
        base: Manifest,
        pos: u64,
        now_ms: u64,
    ) -> Result<Option<Manifest>, Failure> {
        if base.pos == pos {
            self.each_row(&base, &mut |_, _, _| ()).await?;
            return Ok(Some(base));
        }
        let Some(since) = self.since(&base, pos).await? else { return Ok(None) };
        let main = self.main_branch().await?;
        let rows = self.rows_after(&base, pos, &since, &main).await?;
        let mut draft = self.begin_with(&base, now_ms).await?;
        for (space, edits) in since.edits(&mut draft, &rows) {
            for some in parted(edits) {
                self.snapshots.chunks.trim();
                self.patch(&mut draft, space, &some).await?;
                if draft.unwritten_bytes() >= COMMIT_BYTES {
                    self.write_some(&mut draft).await?;
                }
            }
        }
        let line = Line { branch: BranchId::Main, incarnation: main.incarnation_at(pos) };
        let mut roots = BTreeMap::new();
        let spaces = [Space::Control, Space::Data(line)].into_iter().chain(since.streams.keys().copied());
        for space in spaces.collect::<BTreeSet<_>>() {
            let own = self.root_of(&draft, space).await?;
            let root = if let Space::Data(line) = space { over_base(Some(&main), line, own) } else { own };
            roots.insert(space, root);
        }
        let stand = Stand { pos, streams: since.streams, roots };
        self.finish(&mut draft, stand, now_ms).await.map(Some)
    }

    /// What the events behind `base` did, up to `pos`; none when some of it was done on a fork or for one.
    async fn since(&self, base: &Manifest, pos: u64) -> Result<Option<Since>, Failure> {
        let mut since = Since { touched: BTreeSet::new(), streams: base.streams.clone() };
        let is_of_main = |space: &Space| match space {
            Space::Control => true,
            Space::Data(line) => line.branch == BranchId::Main,
            Space::Dedupe | Space::Kept(_) => false,
        };
        if !base.spaces.keys().chain(base.streams.keys()).all(is_of_main) {
            return Ok(None);
        }
        let mut is_plain = true;
        self.events_between(base.pos, pos, |event| {
            is_plain &= since.note(event)?;
            Ok(())
        })
        .await?;
        Ok(is_plain.then_some(since))
    }

    /// Rows that were changed, as they were at `pos`.
    async fn rows_after(
        &mut self,
        base: &Manifest,
        pos: u64,
        since: &Since,
        main: &Branch,
    ) -> Result<PastRows, Failure> {
        let wanted: BTreeSet<Key> = since.touched.iter().map(|(_, key)| *key).collect();
        let keys: Vec<String> = wanted.iter().map(Key::to_string).collect();
        let mut known = PastRows { pos: base.pos, rows: Vec::new() };
        for space in base.spaces.keys().copied() {
            self.known_at(base, space, (space, &keys), &mut known).await?;
        }
        // What a line stood on before the snapshot.
        for from in main.restores(BranchId::Main).filter(|from| from.pos < base.pos) {
            let manifest = self.snapshot_at(from.pos).await?;
            self.known_at(&manifest, Space::Data(from.parent), (Space::Kept(from.parent), &keys), &mut known).await?;
        }
        let mut past = Past::resume(self.workspace().id(), wanted, &known, main).map_err(damaged)?;
        self.events_between(base.pos, pos, |event| {
            past.event(event).map_err(|why| damaged(format!("event {}: {why}", event.pos)))
        })
        .await?;
        past.rows().map_err(damaged)
    }

    /// Add what a snapshot knows of rows in `space`, as rows of another.
    async fn known_at(
        &mut self,
        snapshot: &Manifest,
        space: Space,
        (as_of, keys): (Space, &[String]),
        known: &mut PastRows,
    ) -> Result<(), Failure> {
        for some in keys.chunks(ROWS) {
            let rows = self.read_at(snapshot, space, some).await?;
            for (text, row) in some.iter().zip(rows) {
                let Some(row) = row else { continue };
                let unreadable = || damaged(format!("row {space}/{text} of the snapshot is not readable"));
                let key = text.parse().map_err(|_| unreadable())?;
                let value = String::from_utf8(row.value).map_err(|_| unreadable())?;
                known.rows.push((as_of, key, row.since, value));
            }
        }
        Ok(())
    }

    /// The root of a space's own rows, as they are packed.
    async fn root_of(&mut self, draft: &Draft, space: Space) -> Result<HashText, Failure> {
        let mut map = Running::default();
        let chunks: Vec<HashText> =
            draft.spaces.get(&space).into_iter().flat_map(BTreeMap::values).map(|below| below.chunk).collect();
        for some in chunks.chunks(CHUNKS) {
            self.snapshots.chunks.trim();
            self.load_drafted(draft, some.iter().copied().collect()).await?;
            for name in some {
                for entry in self.entries_of(name).await? {
                    let row = Packed::read(&entry.body).ok_or_else(|| malformed(name, "it is malformed"))?;
                    let hash = self.hash_of(draft, &row).await?;
                    map.push(entry.key, hash.ok_or_else(|| malformed(name, "a value in it is not whole"))?);
                }
            }
        }
        Ok(map.end().root)
    }

    /// The hash of a row's value, which may stand in chunks of its own.
    async fn hash_of(&mut self, draft: &Draft, row: &Packed) -> Result<Option<Hash>, Failure> {
        let mut pieces = Vec::new();
        for name in row.pieces() {
            match draft.unwritten.get(name) {
                Some(piece) => pieces.push(piece.clone()),
                None => pieces.extend(self.stored_chunks(vec![*name]).await?),
            }
        }
        Ok(row.clone().row(&pieces).map(|row| row_hash(&row.value)))
    }

    async fn events_between(
        &self,
        mut after: u64,
        until: u64,
        mut take: impl FnMut(&StoredEvent) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        while after < until {
            let page = self.store.events(&self.name(), after, EVENTS).await?;
            let last = page.last().ok_or_else(|| damaged(format!("event {} is not there", after + 1)))?;
            page.iter().take_while(|event| event.pos <= until).try_for_each(&mut take)?;
            after = last.pos;
        }
        Ok(())
    }
}

impl Since {
    /// Whether the event is of `main` or control, and kept nothing for forks.
    fn note(&mut self, event: &StoredEvent) -> Result<bool, Failure> {
        let wrong = |why: String| damaged(format!("event {}: {why}", event.pos));
        let (header, data) = Header::decode(&event.body).map_err(|why| wrong(why.to_string()))?;
        let before = self.streams.get(&header.stream).map_or([0; 32], |head| head.hash.0);
        if header.previous.0 != before {
            return Err(wrong("it does not follow the one before it in its stream".to_owned()));
        }
        self.streams.insert(header.stream, StreamHead { seq: header.seq, hash: HashText(event.hash) });
        for place in header.places(&data) {
            self.touched.insert(match place {
                Place::Control(key) => (Space::Control, key),
                Place::Data(key) => (Space::Data(header.line()), key),
            });
        }
        let is_of_fork = matches!(header.stream, Space::Data(line) if line.branch != BranchId::Main);
        Ok(!is_of_fork && header.keep.is_none())
    }

    /// The rows that were changed, packed.
    fn edits(&self, draft: &mut Draft, rows: &PastRows) -> BTreeMap<Space, Edits> {
        let mut edits: BTreeMap<Space, Edits> = BTreeMap::new();
        for (space, key) in &self.touched {
            edits.entry(*space).or_default().insert(key.to_string(), None);
        }
        for (space, key, since, value) in
            rows.rows.iter().filter(|(space, key, ..)| self.touched.contains(&(*space, *key)))
        {
            let value = value.clone().into_bytes();
            let row = Row { hash: row_hash(&value), value, since: *since };
            edits.entry(*space).or_default().insert(key.to_string(), Some(draft.pack(&row)));
        }
        edits
    }
}

fn parted(edits: Edits) -> Vec<Edits> {
    let mut parts = Vec::new();
    let mut edits = edits.into_iter().peekable();
    while edits.peek().is_some() {
        parts.push(edits.by_ref().take(ROWS).collect());
    }
    parts
}

fn damaged(what: String) -> Failure {
    Failure::Store(StoreError::Damaged { what })
}
