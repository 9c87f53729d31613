//! State as the kernel holds it in memory: the rows it has seen, and what changed in them.
//!
//! The sequencer holds one `State` per workspace and may forget it at any time; a replay holds a complete one.

mod rows;
mod writer;

pub use rows::{Rows, Supplied};
pub use writer::{Touched, Writer};

use crate::entity::Entity;
use crate::id::CommandId;
use crate::key::{Index, Key, Line, Space};
use crate::view::{Answer, Found, Lookup};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of one workspace.
#[derive(Debug, Default)]
pub struct State {
    spaces: BTreeMap<Space, Rows>,
    kept: BTreeMap<(Line, Key), Kept>,
    /// Positions of each line that a later restore goes back to; known to a replay.
    pins: BTreeMap<Line, BTreeSet<u64>>,
    /// Versions of rows at those positions that were overwritten since.
    pinned: BTreeMap<(Line, Key), BTreeMap<u64, Entity>>,
    complete: bool,
    /// The command that is being decided for the first time: what it makes cannot be there yet.
    new: Option<CommandId>,
}

/// Versions of a row that what stands on its line still needs.
#[derive(Debug, Default)]
struct Kept {
    versions: BTreeMap<u64, Entity>,
    loaded: bool,
    dirty: Vec<u64>,
}

impl State {
    /// A state that has loaded nothing and says so.
    pub fn unloaded() -> Self {
        Self::default()
    }

    /// A state in which what is not there does not exist: a replay from empty.
    pub fn complete() -> Self {
        Self { complete: true, ..Self::default() }
    }

    /// The same, which remembers how each line was at the positions that later restores go back to.
    pub fn complete_with(pins: BTreeMap<Line, BTreeSet<u64>>) -> Self {
        Self { pins, ..Self::complete() }
    }

    /// The spaces with rows, in order.
    pub fn spaces(&self) -> impl Iterator<Item = (Space, &Rows)> {
        self.spaces.iter().map(|(space, rows)| (*space, rows))
    }

    /// The spaces that have a state map, in order.
    pub fn mapped(&self) -> impl Iterator<Item = (Space, &Rows)> {
        self.spaces().filter(|(space, _)| matches!(space, Space::Control | Space::Data(_)))
    }

    /// Rows of `space`.
    pub fn rows(&self, space: Space) -> Option<&Rows> {
        self.spaces.get(&space)
    }

    /// Rows of `space`, to supply or change.
    pub fn rows_mut(&mut self, space: Space) -> &mut Rows {
        let replayed = self.complete;
        self.spaces.entry(space).or_insert_with(|| Rows::new(replayed))
    }

    /// Supply all kept versions of a row.
    pub fn supply_kept(&mut self, line: Line, key: Key, versions: Vec<(u64, Entity)>) {
        let kept = self.kept.entry((line, key)).or_default();
        kept.loaded = true;
        for (since, entity) in versions {
            kept.versions.entry(since).or_insert(entity);
        }
    }

    /// Something else stands on `line` now: earlier versions of its rows are asked for again.
    pub(crate) fn unsettle(&mut self, line: Line) {
        self.kept.iter_mut().filter(|((of, _), _)| *of == line).for_each(|(_, kept)| kept.loaded = false);
    }

    /// Restores go back to these positions, too.
    pub(crate) fn announce(&mut self, pins: BTreeMap<Line, BTreeSet<u64>>) {
        for (line, positions) in pins {
            self.pins.entry(line).or_default().extend(positions);
        }
    }

    /// A row of `line` as it was at a position that a restore goes back to.
    pub(crate) fn supply_pinned(&mut self, line: Line, key: Key, since: u64, entity: Entity) {
        self.pinned.entry((line, key)).or_default().insert(since, entity);
    }

    /// Whether anything is remembered for restores.
    pub(crate) fn is_gone_back_to(&self) -> bool {
        !self.pins.is_empty()
    }

    /// The row under `key`, written at `since`, is overwritten at `pos`: remember it where a restore goes back to it.
    pub(crate) fn pin(&mut self, line: Line, key: Key, (since, pos): (u64, u64), entity: &Entity) {
        let is_wanted = self.pins.get(&line).is_some_and(|pins| pins.range(since..pos).next().is_some());
        if is_wanted {
            self.pinned.entry((line, key)).or_default().insert(since, entity.clone());
        }
    }

    pub(crate) fn keep(&mut self, line: Line, key: Key, since: u64, entity: Entity) {
        let kept = self.kept.entry((line, key)).or_default();
        kept.versions.insert(since, entity);
        kept.dirty.push(since);
    }

    /// Versions kept since the last commit.
    pub(crate) fn kept_dirty(&self) -> impl Iterator<Item = (Line, Key, u64, &Entity)> {
        self.kept.iter().flat_map(|((line, key), kept)| {
            let versions = kept.dirty.iter().filter_map(|since| Some((*since, kept.versions.get(since)?)));
            versions.map(|(since, entity)| (*line, *key, since, entity))
        })
    }

    /// Every version kept for forks.
    pub fn kept_versions(&self) -> impl Iterator<Item = (Line, Key, u64, &Entity)> {
        self.kept
            .iter()
            .flat_map(|((line, key), kept)| kept.versions.iter().map(|(since, entity)| (*line, *key, *since, entity)))
    }

    /// Every version at a position that a later restore goes back to, of rows that were overwritten since.
    pub fn pinned_versions(&self) -> impl Iterator<Item = (Line, Key, u64, &Entity)> {
        self.pinned
            .iter()
            .flat_map(|((line, key), versions)| versions.iter().map(|(since, entity)| (*line, *key, *since, entity)))
    }

    /// Everything changed was committed: nothing is dirty now.
    pub fn committed(&mut self) {
        self.spaces.values_mut().for_each(Rows::committed);
        self.kept.values_mut().for_each(|kept| kept.dirty.clear());
    }

    /// Forget every row; what is pending for the next fold stays known by key.
    pub fn forget(&mut self) {
        self.spaces.values_mut().for_each(Rows::forget);
        self.kept.clear();
    }

    /// What `command` makes is known not to be there, until this is called again: it was never decided before.
    pub fn first_decided(&mut self, command: Option<CommandId>) {
        self.new = command;
    }

    /// Forget every row, and every kept version of one, that `wanted` does not say yes to.
    pub(crate) fn keep_only(&mut self, wanted: impl Fn(&Key) -> bool) {
        self.spaces.values_mut().for_each(|rows| rows.keep_only(&wanted));
        self.kept.retain(|(_, key), _| wanted(key));
        self.pinned.retain(|(_, key), _| wanted(key));
    }

    /// How many rows are held, with those that earlier versions are known of.
    pub fn len(&self) -> usize {
        self.spaces.values().map(Rows::len).sum::<usize>() + self.kept.len()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Lookup for State {
    fn get(&self, space: Space, key: &Key) -> Answer<Found<'_>> {
        match self.spaces.get(&space).and_then(|rows| rows.slot(key)) {
            Some(slot) => match &slot.entity {
                Some(entity) => Answer::Present(Found { entity, since: slot.since }),
                None => Answer::Absent,
            },
            None if self.complete || (self.new.is_some() && key.made_by() == self.new) => Answer::Absent,
            None if self.rows(space).is_some_and(|rows| rows.is_known_absent(key)) => Answer::Absent,
            None => Answer::Missing,
        }
    }

    fn range(&self, space: Space, index: &Index, after: Option<&Key>, limit: usize) -> Answer<Vec<Key>> {
        match self.spaces.get(&space) {
            Some(rows) => rows.range(index, after, limit, self.complete),
            None if self.complete => Answer::Absent,
            None => Answer::Missing,
        }
    }

    fn kept(&self, line: Line, key: &Key, pos: u64) -> Answer<Found<'_>> {
        let kept = self.kept.get(&(line, *key));
        if !self.complete && kept.is_none_or(|kept| !kept.loaded) {
            return Answer::Missing;
        }
        let pinned = self.pinned.get(&(line, *key));
        let versions = kept.map(|kept| &kept.versions).into_iter().chain(pinned);
        match versions.filter_map(|versions| versions.range(..=pos).next_back()).max_by_key(|(since, _)| **since) {
            Some((since, entity)) => Answer::Present(Found { entity, since: *since }),
            None => Answer::Absent,
        }
    }
}
