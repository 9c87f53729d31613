//! Supplying what was asked for.

use super::{Stop, Workspace};
use crate::entity::Entity;
use crate::event::Header;
use crate::event::Place;
use crate::id::text::read_number;
use crate::id::{BlobId, KeyId};
use crate::key::{Index, Key, Line, Space};
use crate::map::{Page, PageKey};
use crate::seal::{DataKey, Subject};
use crate::state::Supplied;
use crate::storage::{Row, StoredEvent};

/// Blobs held; as many as a conversation has turns.
const BLOBS_MAX: usize = 2 * crate::effect::CONTEXT_STEPS_MAX + 8;

/// Carriers held; more than any one answer needs.
const CARRIERS_MAX: usize = 1024;

impl Workspace {
    /// Rows of `space`, as stored.
    pub fn supply_rows(&mut self, space: Space, rows: Vec<(Key, Option<Row>)>) -> Result<(), Stop> {
        for (key, row) in rows {
            let row = row.map(|row| supplied(space, &key, &row)).transpose()?;
            self.state.rows_mut(space).supply(key, row);
        }
        Ok(())
    }

    /// The next entries of `index`, as stored; `complete` when there are none behind them.
    pub fn supply_range(
        &mut self,
        space: Space,
        index: Index,
        rows: &[(String, Row)],
        complete: bool,
    ) -> Result<(), Stop> {
        let mut entries = Vec::with_capacity(rows.len());
        for (text, row) in rows {
            let key: Key = text.parse().map_err(|_| Stop::Broken(format!("{space}/{text} is not a key")))?;
            entries.push((key, supplied(space, &key, row)?));
        }
        self.state.rows_mut(space).supply_range(index, entries, complete);
        Ok(())
    }

    /// Where loading an index goes on.
    pub fn range_after(&self, space: Space, index: &Index) -> String {
        let covered = self.state.rows(space).and_then(|rows| rows.covered_to(index));
        covered.map_or_else(|| index.prefix(), |key| key.to_string())
    }

    /// All kept versions of a row, as stored under [`kept_key`].
    pub fn supply_kept(&mut self, line: Line, key: Key, rows: &[(String, Row)]) -> Result<(), Stop> {
        let mut versions = Vec::with_capacity(rows.len());
        for (text, row) in rows {
            let since = text.rsplit_once('@').and_then(|(_, since)| read_number(since).ok());
            let since = since.ok_or_else(|| Stop::Broken(format!("kept/{line}/{text} is not a kept row")))?;
            versions.push((since, supplied(Space::Kept(line), &key, row)?.entity));
        }
        self.state.supply_kept(line, key, versions);
        Ok(())
    }

    /// A wrapped data key, as stored.
    pub fn supply_key(&mut self, id: KeyId, subject: Subject, row: Option<&Row>) -> Result<(), Stop> {
        let row = row.ok_or_else(|| Stop::Broken(format!("the wrapped key {id} of {subject} is not there")))?;
        let check = self.key_of(subject)?.filter(|(known, _)| *known == id);
        let (_, check) = check.ok_or_else(|| Stop::Broken(format!("{id} is not the key of {subject}")))?;
        let key = DataKey::unwrap(id, &row.value, self.id, &self.key, &check)
            .map_err(|_| Stop::Broken(format!("the wrapped key {id} of {subject} was altered")))?;
        self.keys.insert(id, key);
        Ok(())
    }

    /// Pages of the state map of `space`, as stored.
    pub fn supply_pages(&mut self, space: Space, rows: Vec<(PageKey, Option<Row>)>) -> Result<(), Stop> {
        for (key, row) in rows {
            let page = row.as_ref().and_then(|row| Page::decode(key.level, &row.value));
            let page = page.ok_or_else(|| Stop::Broken(format!("page {} of {space} is not readable", key.text())))?;
            self.pages.insert((space, key), page);
        }
        Ok(())
    }

    /// All events after the last fold.
    pub fn supply_events(&mut self, events: &[StoredEvent]) -> Result<(), Stop> {
        for event in events {
            let broken = |why| Stop::Broken(format!("event {}: {why}", event.pos));
            let (header, data) = Header::decode(&event.body).map_err(broken)?;
            for place in header.places(&data) {
                let (space, key) = match place {
                    Place::Data(key) => (Space::Data(header.line()), key),
                    Place::Control(key) => (Space::Control, key),
                };
                self.state.rows_mut(space).add_unresolved([key]);
            }
        }
        self.pending_known = true;
        Ok(())
    }

    /// The chunks of content that is kept apart, as stored.
    pub fn supply_blob(&mut self, blob: BlobId, chunks: Vec<Option<Row>>) -> Result<(), Stop> {
        let missing = || Stop::Broken(format!("a chunk of blob {blob} is not there"));
        let mut bytes = Vec::new();
        for chunk in chunks {
            bytes.extend(chunk.ok_or_else(missing)?.value);
        }
        // One answer seldom needs more than one; holding many would fill the memory with what is read once.
        if self.blobs.len() >= BLOBS_MAX {
            self.blobs.clear();
        }
        self.blobs.insert(blob, bytes);
        Ok(())
    }

    /// One event, for the content it carries.
    pub fn supply_event(&mut self, event: StoredEvent) {
        if self.carriers.len() >= CARRIERS_MAX {
            self.carriers.clear();
        }
        self.carriers.insert(event.pos, event);
    }
}

fn supplied(space: Space, key: &Key, row: &Row) -> Result<Supplied, Stop> {
    let entity =
        Entity::decode(key, &row.value).map_err(|why| Stop::Broken(format!("{space}/{key} is not readable: {why}")))?;
    Ok(Supplied { entity, since: row.since, hash: row.hash })
}

/// The key of a kept version in the space of kept rows.
pub fn kept_key(key: &Key, since: u64) -> String {
    let mut text = format!("{key}@");
    // Writing to a string cannot fail.
    let _ = crate::id::text::write_number(&mut text, since);
    text
}
