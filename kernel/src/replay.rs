//! Replay: from the events alone to the rows, the state maps and the heads they must have led to.
//!
//! Content stays sealed: what is checked is that every unit is the one its event committed to.

use crate::apply::apply_noting;
use crate::entity::{Base, Branch, DataKey, Entity, Kind};
use crate::event::{BranchRestored, EventData, Header, event_hash};
use crate::fit::{content_is_whole, follows};
use crate::hash::HashText;
use crate::id::text::read_number;
use crate::id::{BlobId, WorkspaceId};
use crate::key::{Key, Line, Space};
use crate::machine::{Heads, StreamHead, kept_key, over_base, row_hash};
use crate::map::{Folded, from_scratch};
use crate::seal::Subject;
use crate::snapshot::Manifest;
use crate::state::{Rows, State, Supplied};
use crate::storage::{Row, StoredEvent};
use crate::under_way::{AsOf, UnderWay};
use crate::view::{Answer, Lookup as _};
use std::collections::{BTreeMap, BTreeSet};

/// A workspace replayed from its first event.
#[derive(Debug)]
pub struct Replay {
    id: WorkspaceId,
    state: State,
    heads: Heads,
    /// Subjects of content that is not there any more: their keys have to be destroyed.
    dropped: BTreeSet<Subject>,
    /// Positions that restores of these events go back to, and the root of the line at each, once it was passed.
    pasts: BTreeMap<u64, BTreeMap<Line, Option<HashText>>>,
}

/// Positions that restores go back to, by the line. A replay has to know them before it comes by.
pub type Pins = BTreeMap<Line, BTreeSet<u64>>;

/// Earlier versions of rows, by line and key, under the keys of kept rows.
pub type Versions = BTreeMap<(Line, Key), Vec<(String, Row)>>;

/// Note where `stored` goes back to, if it is a restore. What cannot be read is found by the replay.
pub fn note_restore(stored: &StoredEvent, pins: &mut Pins) {
    // Most events are told by their bytes, without being decoded.
    if !stored.body.windows(RESTORED.len()).any(|window| window == RESTORED) {
        return;
    }
    if let Ok((_, EventData::BranchRestored(restored))) = Header::decode(&stored.body) {
        pins.entry(restored.base.parent).or_default().insert(restored.base.pos);
    }
}

/// How the envelope of a restore names its type.
const RESTORED: &[u8] = b"\"type\":\"branch.restored\"";

impl Replay {
    /// A workspace before its first event, in whose log nothing is restored.
    pub fn new(id: WorkspaceId) -> Self {
        Self::with_restores(id, Pins::new())
    }

    /// A workspace before its first event, in whose log restores go back to these positions.
    pub fn with_restores(id: WorkspaceId, pins: Pins) -> Self {
        let mut pasts: BTreeMap<u64, BTreeMap<Line, Option<HashText>>> = BTreeMap::new();
        for (line, positions) in &pins {
            for pos in positions {
                pasts.entry(*pos).or_default().insert(*line, None);
            }
        }
        let state = State::complete_with(pins);
        Self { id, state, heads: Heads::default(), dropped: BTreeSet::new(), pasts }
    }

    /// The line that `main` is on now.
    pub fn main(&self) -> Line {
        let main = Line::default();
        match self.state.get(Space::Control, &Key::Branch(main.branch)) {
            Answer::Present(found) => {
                Branch::of(found.entity).map_or(main, |branch| Line { incarnation: *branch.incarnation, ..main })
            }
            _ => main,
        }
    }

    /// What `line` is now.
    pub fn past(&self, line: Line) -> Result<AsOf, String> {
        let control = || self.state.rows(Space::Control).into_iter().flat_map(Rows::present);
        let mut under_way = UnderWay::of(control().map(|(key, ..)| *key));
        for (key, entity, _) in control() {
            if let (Key::Restored(id), Entity::Restored(row)) = (key, entity) {
                under_way.note_held(line, *id, row);
            }
        }
        Ok(AsOf { root: self.root(Space::Data(line))?, under_way })
    }

    /// A workspace as a snapshot has it: `rows` are all of its rows, with the texts of their keys. What is left out of
    /// snapshots, which command an idempotency key stands for, is then not known of the events before.
    pub fn from_snapshot(
        manifest: &Manifest,
        rows: impl IntoIterator<Item = (Space, String, Row)>,
    ) -> Result<Self, String> {
        let mut replay = Self::new(manifest.workspace);
        replay.heads.streams.clone_from(&manifest.streams);
        for (space, text, row) in rows {
            replay
                .supply(space, &text, &row)
                .ok_or_else(|| format!("row {space}/{text} of the snapshot is not readable"))?;
        }
        Ok(replay)
    }

    fn supply(&mut self, space: Space, text: &str, row: &Row) -> Option<()> {
        let Space::Kept(line) = space else {
            let key: Key = text.parse().ok()?;
            let entity = Entity::decode(&key, &row.value).ok()?;
            self.state.rows_mut(space).supply(key, Some(Supplied { entity, since: row.since, hash: row.hash }));
            return Some(());
        };
        let (text, since) = text.rsplit_once('@')?;
        let key: Key = text.parse().ok()?;
        let version = (read_number(since).ok()?, Entity::decode(&key, &row.value).ok()?);
        self.state.supply_kept(line, key, vec![version]);
        Some(())
    }

    /// The same where restores go back to these positions. What was at those before the snapshot has to be supplied, unless
    /// it is at the snapshot itself.
    pub fn announce(&mut self, pins: Pins) -> Result<(), String> {
        for (line, positions) in &pins {
            for pos in positions {
                self.pasts.entry(*pos).or_default().entry(*line).or_insert(None);
            }
        }
        self.state.announce(pins);
        self.remember(self.heads.pos())
    }

    /// What `line` was at a position before the snapshot that this began with: its root, and its rows, with the texts of
    /// their keys.
    pub fn supply_past(
        &mut self,
        line: Line,
        pos: u64,
        root: HashText,
        rows: impl IntoIterator<Item = (String, Row)>,
    ) -> Result<(), String> {
        self.pasts.entry(pos).or_default().insert(line, Some(root));
        for (text, row) in rows {
            let entity = text.parse().ok().and_then(|key: Key| Some((key, Entity::decode(&key, &row.value).ok()?)));
            let (key, entity) = entity.ok_or_else(|| format!("row {line}/{text} of the snapshot is not readable"))?;
            self.state.supply_pinned(line, key, row.since, entity);
        }
        Ok(())
    }

    /// State after the events so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Streams after the events so far. Its maps are empty; see [`Replay::map`].
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Subjects whose content is missing from events.
    pub fn dropped(&self) -> &BTreeSet<Subject> {
        &self.dropped
    }

    /// Check the next event and apply it. What is wrong with it is said in words; the event is then not applied.
    pub fn event(&mut self, stored: &StoredEvent) -> Result<(), String> {
        if event_hash(&stored.body) != stored.hash {
            return Err("its hash does not fit its bytes".to_owned());
        }
        let (header, mut data) = Header::decode(&stored.body).map_err(|why| why.to_string())?;
        follows(&self.heads, self.id, &header, stored)?;
        self.dropped.extend(content_is_whole(&mut data, stored)?);
        if let EventData::BranchRestored(restored) = &data {
            self.goes_back(restored)?;
        }
        let touched = apply_noting(&mut self.state, &header, &data);
        let hash = HashText(stored.hash);
        self.heads.streams.insert(header.stream, StreamHead { seq: header.seq, hash });
        if touched != header.touched {
            return Err("it does not touch what it says it touched".to_owned());
        }
        self.remember(header.pos)
    }

    /// What a restore goes back to is what was there.
    fn goes_back(&self, restored: &BranchRestored) -> Result<(), String> {
        let Base { parent, pos, root } = &restored.base;
        match self.pasts.get(pos).and_then(|lines| lines.get(parent)) {
            Some(Some(there)) if there == root => Ok(()),
            Some(Some(_)) => Err(format!("{parent} had another root at event {pos}")),
            Some(None) => Err(format!("it goes back to event {pos}, which is not before it")),
            None => Err(format!("it goes back to {parent} at event {pos}, which was not announced")),
        }
    }

    /// The roots that a later restore stands on, if one goes back to here.
    fn remember(&mut self, pos: u64) -> Result<(), String> {
        let Some(lines) = self.pasts.get(&pos) else { return Ok(()) };
        let lines: Vec<Line> = lines.keys().copied().collect();
        let roots = lines.into_iter().map(|line| Ok((line, Some(self.root(Space::Data(line))?))));
        let roots = roots.collect::<Result<BTreeMap<_, _>, String>>()?;
        self.pasts.insert(pos, roots);
        Ok(())
    }

    /// Every row there has to be now, by space and key.
    pub fn rows(&self) -> Result<BTreeMap<String, BTreeMap<String, Row>>, String> {
        let mut spaces: BTreeMap<String, BTreeMap<String, Row>> = BTreeMap::new();
        let row = |entity: &Entity, since| encoded(entity).map(|value| Row { hash: row_hash(&value), value, since });
        for (space, rows) in self.state.spaces() {
            let here = spaces.entry(space.to_string()).or_default();
            for (key, entity, since) in rows.present() {
                here.insert(key.to_string(), row(entity, since)?);
            }
        }
        for (line, key, since, entity) in self.state.kept_versions() {
            let here = spaces.entry(Space::Kept(line).to_string()).or_default();
            here.insert(kept_key(&key, since), row(entity, since)?);
        }
        Ok(spaces)
    }

    /// Rows as they were at positions that restores go back to, and were overwritten since: by line and key, under
    /// [`kept_key`].
    pub fn pinned(&self) -> Result<Versions, String> {
        let mut pinned = Versions::new();
        for (line, key, since, entity) in self.state.pinned_versions() {
            let value = encoded(entity)?;
            let row = Row { hash: row_hash(&value), value, since };
            pinned.entry((line, key)).or_default().push((kept_key(&key, since), row));
        }
        Ok(pinned)
    }

    /// The state map of a space now, built from all its rows.
    pub fn map(&self, space: Space) -> Result<Folded, String> {
        let rows = self.state.rows(space).into_iter().flat_map(Rows::present);
        let hashes = rows.map(|(key, entity, _)| encoded(entity).map(|value| (key.to_string(), row_hash(&value))));
        Ok(from_scratch(hashes.collect::<Result<Vec<_>, _>>()?))
    }

    /// The root of a space now; that of a line that stands on another covers its base's.
    pub fn root(&self, space: Space) -> Result<HashText, String> {
        let own = self.map(space)?.tree.root;
        let Space::Data(line) = space else { return Ok(own) };
        let branch = match self.state.get(Space::Control, &Key::Branch(line.branch)) {
            Answer::Present(found) => Branch::of(found.entity),
            _ => None,
        };
        Ok(over_base(branch, line, own))
    }

    /// Content that is kept apart, and in how many chunks.
    pub fn blobs(&self) -> BTreeMap<BlobId, u16> {
        let rows = self.state.mapped().flat_map(|(_, rows)| rows.present());
        let blob = |(key, entity, _): (&Key, &Entity, u64)| match (key, entity) {
            (Key::Blob(id), Entity::Blob(blob)) => Some((*id, *blob.chunks)),
            _ => None,
        };
        rows.filter_map(blob).collect()
    }

    /// Data keys the log speaks of: by subject, the key's id, its check, and whether it was destroyed.
    pub fn keys(&self) -> impl Iterator<Item = (Subject, &DataKey)> {
        let rows = self.state.rows(Space::Control).into_iter().flat_map(Rows::present);
        rows.filter_map(|(key, entity, _)| match (key, entity) {
            (Key::Subject(subject), Entity::DataKey(key)) => Some((*subject, key)),
            _ => None,
        })
    }
}

fn encoded(entity: &Entity) -> Result<Vec<u8>, String> {
    entity.encode().map_err(|why| format!("a replayed row cannot be written: {why}"))
}
