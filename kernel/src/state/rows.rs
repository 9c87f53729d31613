//! Rows of one space, with what is dirty (not committed) and what is pending (not in the state map yet).

use crate::entity::Entity;
use crate::hash::Hash;
use crate::key::{Index, Key};
use crate::map::Changes;
use crate::view::Answer;
use std::collections::BTreeMap;
use std::ops::Bound;

/// What is known of one row.
#[derive(Debug)]
pub struct Slot {
    /// The entity; none when the row is known not to be there.
    pub entity: Option<Box<Entity>>,
    /// Position of the event that changed it last.
    pub since: u64,
    /// Hash of the entity's encoding, once it was encoded.
    pub hash: Option<Hash>,
    dirty: bool,
}

const EMPTY: Slot = Slot { entity: None, since: 0, hash: None, dirty: false };

/// A row as it was stored.
#[derive(Debug)]
pub struct Supplied {
    /// The entity.
    pub entity: Entity,
    /// Position of the event that changed it last.
    pub since: u64,
    /// Hash of its encoding.
    pub hash: Hash,
}

/// Rows of one space.
#[derive(Debug, Default)]
pub struct Rows {
    /// A replay commits nothing, so nothing is noted as dirty.
    replayed: bool,
    slots: BTreeMap<Key, Slot>,
    /// Up to which key an index is known without holes; `None`: to its end.
    covered: BTreeMap<Index, Option<Key>>,
    dirty: Vec<Key>,
    /// Hashes of rows committed since the last fold, by the text of their keys.
    pending: Changes,
    /// Keys changed since the last fold before this state was opened; their hashes are to be looked up.
    unresolved: Vec<Key>,
}

impl Rows {
    /// Rows before the first one; `replayed` when they will never be committed.
    pub(super) fn new(replayed: bool) -> Self {
        Self { replayed, ..Self::default() }
    }

    /// What is known under `key`.
    pub fn slot(&self, key: &Key) -> Option<&Slot> {
        self.slots.get(key)
    }

    /// Every row that is there, in order.
    pub fn present(&self) -> impl Iterator<Item = (&Key, &Entity, u64)> {
        self.slots.iter().filter_map(|(key, slot)| slot.entity.as_deref().map(|entity| (key, entity, slot.since)))
    }

    /// How many slots are held.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Supply a row as stored. What is known already is newer and stays.
    pub fn supply(&mut self, key: Key, row: Option<Supplied>) {
        let slot = match row {
            Some(Supplied { entity, since, hash }) => {
                Slot { entity: Some(Box::new(entity)), since, hash: Some(hash), ..EMPTY }
            }
            None => EMPTY,
        };
        self.slots.entry(key).or_insert(slot);
    }

    /// Whether the row under `key` is known not to be there: its index is known without holes as far as it would stand.
    pub(super) fn is_known_absent(&self, key: &Key) -> bool {
        self.covered.iter().any(|(index, to)| index.holds(key) && to.is_none_or(|to| *key <= to))
    }

    /// The last key of `index` that is known without holes; loading goes on after it.
    pub fn covered_to(&self, index: &Index) -> Option<Key> {
        self.covered.get(index).copied().flatten()
    }

    /// Supply the next entries of `index`; `complete` when there are none behind them.
    pub fn supply_range(&mut self, index: Index, rows: Vec<(Key, Supplied)>, complete: bool) {
        let last = rows.last().map(|(key, _)| *key);
        for (key, row) in rows {
            self.supply(key, Some(row));
        }
        let to = if complete { None } else { last };
        self.covered.insert(index, to);
    }

    pub(super) fn range(&self, index: &Index, after: Option<&Key>, limit: usize, complete: bool) -> Answer<Vec<Key>> {
        let covered = match self.covered.get(index) {
            Some(to) => *to,
            None if complete => None,
            None => return Answer::Missing,
        };
        let start = index.start();
        let from = after.map_or(Bound::Included(&start), Bound::Excluded);
        let mut keys = Vec::new();
        for (key, slot) in self.slots.range((from, Bound::Unbounded)) {
            if !index.holds(key) || covered.is_some_and(|to| *key > to) {
                break;
            }
            if slot.entity.is_some() {
                keys.push(*key);
            }
            if keys.len() == limit {
                return Answer::Present(keys);
            }
        }
        if covered.is_some() { Answer::Missing } else { Answer::Present(keys) }
    }

    /// The slot under `key`, made if need be, marked as changed by the event at `pos`.
    pub(super) fn change(&mut self, key: Key, pos: u64) -> &mut Slot {
        let slot = self.slots.entry(key).or_insert(EMPTY);
        mark(slot, key, pos, self.replayed, &mut self.dirty);
        slot
    }

    /// The same for a row that is there; none when it is not.
    pub(super) fn change_present(&mut self, key: Key, pos: u64) -> Option<&mut Entity> {
        let slot = self.slots.get_mut(&key).filter(|slot| slot.entity.is_some())?;
        mark(slot, key, pos, self.replayed, &mut self.dirty);
        slot.entity.as_deref_mut()
    }

    /// Keys changed since the last commit.
    pub(crate) fn dirty(&self) -> &[Key] {
        &self.dirty
    }

    /// Rows committed since the last fold.
    pub(crate) fn pending(&self) -> &Changes {
        &self.pending
    }

    /// A row was encoded for a commit: it is pending for the next fold.
    pub(crate) fn add_pending(&mut self, key: String, hash: Option<Hash>) {
        self.pending.insert(key, hash);
    }

    /// Keys whose hashes are still to be looked up.
    pub(crate) fn unresolved(&self) -> &[Key] {
        &self.unresolved
    }

    /// Add keys that were changed since the last fold before this state was opened.
    pub(crate) fn add_unresolved(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.unresolved.extend(keys);
    }

    pub(crate) fn folded(&mut self) {
        self.pending.clear();
        self.unresolved.clear();
    }

    pub(super) fn committed(&mut self) {
        for key in std::mem::take(&mut self.dirty) {
            // Records are written once and hardly ever asked for: remembering each would only make room scarce. What was
            // removed would be passed over by every question about its index, and those are asked after every commit.
            let is_record = matches!(key, Key::Command(_) | Key::Idempotency(_));
            match self.slots.get_mut(&key) {
                Some(slot) if slot.entity.is_some() && !is_record => slot.dirty = false,
                Some(_) => drop(self.slots.remove(&key)),
                None => {}
            }
        }
    }

    pub(super) fn keep_only(&mut self, wanted: impl Fn(&Key) -> bool) {
        self.slots.retain(|key, _| wanted(key));
    }

    pub(super) fn forget(&mut self) {
        self.slots.clear();
        self.covered.clear();
        self.dirty.clear();
    }
}

fn mark(slot: &mut Slot, key: Key, pos: u64, replayed: bool, dirty: &mut Vec<Key>) {
    slot.since = pos;
    slot.hash = None;
    if !slot.dirty && !replayed {
        slot.dirty = true;
        dirty.push(key);
    }
}
