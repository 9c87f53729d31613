//! Roots: folding what is pending into the state maps.

use super::{Stop, Workspace};
use crate::entity::Branch;
use crate::hash::{Domain, HashText, hash};
use crate::key::{Key, Line, Space};
use crate::map::{Changes, FOLD_AT, Folded, Page, PageKey, fold};
use crate::storage::{Address, Row, Write};
use crate::view::{Answer, Lookup as _, Want};
use std::collections::{BTreeMap, BTreeSet};

impl Workspace {
    /// The root of a space's state, at the last event. That of a line that stands on another covers its base's.
    pub fn root(&self, space: Space) -> Result<HashText, Stop> {
        let own = match self.fold_space(space)? {
            Some(folded) => folded.tree.root,
            None => crate::map::from_scratch([]).tree.root,
        };
        let Space::Data(line) = space else { return Ok(own) };
        if line == Line::default() {
            return Ok(own);
        }
        let branch = self.read(line).control::<Branch>(Key::Branch(line.branch))?;
        Ok(over_base(branch, line, own))
    }

    /// The spaces that have roots: control, the line that `main` is on, and every line that has events.
    pub fn rooted(&self) -> Result<BTreeSet<Space>, Stop> {
        let main = Space::Data(self.main()?);
        Ok([Space::Control, main].into_iter().chain(self.heads.streams.keys().copied()).collect())
    }

    /// The roots of all of those. Whoever has to load for it asks for one after the other, which folds each of them once.
    pub fn roots(&self) -> Result<BTreeMap<Space, HashText>, Stop> {
        self.rooted()?.into_iter().map(|space| Ok((space, self.root(space)?))).collect()
    }

    /// Fold every space if enough is pending, and give the pages to write.
    pub(super) fn fold_if_due(&mut self) -> Result<Vec<(Address, Write)>, Stop> {
        let since_fold = self.pos() - self.heads.folded;
        let pending: usize = self.state.mapped().map(|(_, rows)| rows.pending().len()).sum();
        if pending < FOLD_AT && since_fold < FOLD_AT as u64 {
            return Ok(Vec::new());
        }
        let spaces: Vec<Space> = self.state.mapped().map(|(space, _)| space).collect();
        let mut folds = BTreeMap::new();
        for space in spaces {
            folds.extend(self.fold_space(space)?.map(|folded| (space, folded)));
        }
        let pos = self.pos();
        let mut writes = Vec::new();
        for (space, folded) in folds {
            self.take_fold(space, folded, pos, &mut writes);
        }
        self.heads.folded = pos;
        self.pending_known = true;
        Ok(writes)
    }

    /// The space's map with all that is pending; none for a space that never had a row.
    fn fold_space(&self, space: Space) -> Result<Option<Folded>, Stop> {
        if !self.pending_known {
            return Err(Stop::Load(Want::EventsAfter(self.heads.folded)));
        }
        let tree = self.heads.trees.get(&space).copied();
        let changes = self.pending_changes(space)?;
        if tree.is_none() && changes.is_empty() {
            return Ok(None);
        }
        let load = |key: &PageKey| self.pages.get(&(space, key.clone()));
        match fold(tree, changes, &load) {
            Ok(folded) => Ok(Some(folded)),
            Err(missing) => Err(Stop::Load(Want::Pages(space, missing.into_iter().collect()))),
        }
    }

    /// Rows that are not in the space's map as they are now.
    fn pending_changes(&self, space: Space) -> Result<Changes, Stop> {
        let Some(rows) = self.state.rows(space) else { return Ok(Changes::new()) };
        let mut changes = rows.pending().clone();
        let mut missing = Vec::new();
        for key in rows.unresolved() {
            let text = key.to_string();
            match rows.slot(key) {
                _ if changes.contains_key(&text) => {}
                None => missing.push(*key),
                Some(slot) => drop(changes.insert(text, slot.hash)),
            }
        }
        for key in rows.dirty() {
            let entity = rows.slot(key).and_then(|slot| slot.entity.as_deref());
            let value = entity.map(|entity| entity.encode().map_err(unsealed)).transpose()?;
            changes.insert(key.to_string(), value.map(|value| row_hash(&value)));
        }
        if missing.is_empty() { Ok(changes) } else { Err(Stop::Load(Want::Rows(space, missing))) }
    }

    fn take_fold(&mut self, space: Space, folded: Folded, pos: u64, writes: &mut Vec<(Address, Write)>) {
        for (key, page) in folded.pages {
            let address = Address::new(pages_space(space), key.text());
            match page {
                Some(page) => {
                    writes.push((address, Write::Put(page_row(&key, &page, pos))));
                    self.pages.insert((space, key), page);
                }
                None => {
                    writes.push((address, Write::Delete));
                    self.pages.remove(&(space, key));
                }
            }
        }
        self.heads.trees.insert(space, folded.tree);
        self.state.rows_mut(space).folded();
    }

    /// Whether a row is loaded and there.
    pub fn has(&self, space: Space, key: &Key) -> bool {
        matches!(self.state.get(space, key), Answer::Present(_))
    }
}

/// The root of a line whose own rows have the root `own`: it covers what the line stands on.
pub fn over_base(branch: Option<&Branch>, line: Line, own: HashText) -> HashText {
    match branch.and_then(|branch| branch.base_of(line.incarnation)) {
        Some(base) => HashText(hash(Domain::Fork, &[&base.root.0, &own.0])),
        None => own,
    }
}

/// The space in which the pages of `space` are stored.
pub fn pages_space(space: Space) -> String {
    format!("pages/{space}")
}

/// A page as it is stored.
pub fn page_row(key: &PageKey, page: &Page, pos: u64) -> Row {
    let value = page.encode(key.level);
    Row { hash: row_hash(&value), value, since: pos }
}

/// The hash of a row's value.
pub fn row_hash(value: &[u8]) -> [u8; 32] {
    hash(Domain::Row, &[value])
}

pub(super) fn unsealed(why: serde_json::Error) -> Stop {
    Stop::Broken(format!("a row cannot be written: {why}"))
}
