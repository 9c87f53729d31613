//! How an event changes state: through a writer that stamps positions, keeps what forks need, and notes what was touched.

use super::State;
use crate::entity::{Entity, Kind};
use crate::key::{Key, Line, Space};
use crate::view::{Answer, Lookup, resolve};
use serde::{Deserialize, Serialize};

/// An entity and the fields of it that an event touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The entity.
    pub key: Key,
    /// Its fields that differ now.
    pub fields: Vec<String>,
}

/// Applies one event to a state.
#[derive(Debug)]
pub struct Writer<'a> {
    state: &'a mut State,
    line: Line,
    pos: u64,
    keep: Option<u64>,
    before: Option<Vec<(Space, Key, Option<Entity>)>>,
}

impl<'a> Writer<'a> {
    /// A writer for the event at `pos`, whose data goes to `line`. Rows not younger than `keep` are kept for forks.
    pub fn new(state: &'a mut State, line: Line, pos: u64, keep: Option<u64>) -> Self {
        Self { state, line, pos, keep, before: None }
    }

    /// The same, noting what is touched.
    pub fn noting(self) -> Self {
        Self { before: Some(Vec::new()), ..self }
    }

    /// Position of the event.
    pub fn pos(&self) -> u64 {
        self.pos
    }

    /// The line that data goes to.
    pub fn line(&self) -> Line {
        self.line
    }

    /// Write a whole data entity.
    pub fn put(&mut self, key: Key, entity: impl Kind) {
        self.write(Space::Data(self.line), key, Some(entity.any()));
    }

    /// Write a whole control entity.
    pub fn put_control(&mut self, key: Key, entity: impl Kind) {
        self.write(Space::Control, key, Some(entity.any()));
    }

    /// Write what an idempotency key stands for.
    pub fn put_dedupe(&mut self, key: Key, entity: impl Kind) {
        self.write(Space::Dedupe, key, Some(entity.any()));
    }

    /// Write an entry of a control index.
    pub fn mark(&mut self, key: Key) {
        self.write(Space::Control, key, Some(Entity::Mark));
    }

    /// Remove an entry of a control index.
    pub fn unmark(&mut self, key: Key) {
        self.write(Space::Control, key, None);
    }

    /// Change a data entity; nothing happens when there is none.
    pub fn edit<K: Kind>(&mut self, key: Key, change: impl FnOnce(&mut K)) {
        self.bring_over(&key);
        self.change(Space::Data(self.line), key, change);
    }

    /// Change a control entity; nothing happens when there is none.
    pub fn edit_control<K: Kind>(&mut self, key: Key, change: impl FnOnce(&mut K)) {
        self.change(Space::Control, key, change);
    }

    /// A control entity as it is.
    pub fn control<K: Kind>(&self, key: Key) -> Option<&K> {
        match self.state.get(Space::Control, &key) {
            Answer::Present(found) => K::of(found.entity),
            _ => None,
        }
    }

    /// What the event touched, when it was noted.
    pub fn touched(self) -> Vec<Touched> {
        let mut touched = Vec::new();
        for (space, key, before) in self.before.unwrap_or_default() {
            let Answer::Present(found) = self.state.get(space, &key) else { continue };
            let fields = found.entity.changed(before.as_ref());
            let bookkeeping = matches!(key, Key::Chain(..) | Key::Command(_) | Key::Idempotency(_));
            if !fields.is_empty() && !bookkeeping {
                touched.push(Touched { key, fields: fields.into_iter().map(str::to_owned).collect() });
            }
        }
        touched
    }

    /// Something else stands on `line` from now on.
    pub fn stands_on(&mut self, line: Line) {
        self.state.unsettle(line);
    }

    /// A line's first change of a row begins with the row as the line sees it. The first line of `main` sees no other.
    fn bring_over(&mut self, key: &Key) {
        if self.line == Line::default() {
            return;
        }
        let own = matches!(self.state.get(Space::Data(self.line), key), Answer::Present(_));
        let inherited = match resolve(&*self.state, self.line, key) {
            Ok(Some(found)) if !own => found.entity.clone(),
            _ => return,
        };
        self.state.rows_mut(Space::Data(self.line)).change(*key, self.pos).entity = Some(Box::new(inherited));
    }

    fn write(&mut self, space: Space, key: Key, entity: Option<Entity>) {
        self.about_to_change(space, &key);
        self.state.rows_mut(space).change(key, self.pos).entity = entity.map(Box::new);
    }

    fn change<K: Kind>(&mut self, space: Space, key: Key, change: impl FnOnce(&mut K)) {
        self.about_to_change(space, &key);
        if let Some(entity) = self.state.rows_mut(space).change_present(key, self.pos).and_then(K::of_mut) {
            change(entity);
        }
    }

    fn about_to_change(&mut self, space: Space, key: &Key) {
        if self.before.is_none() && self.keep.is_none() && !self.state.is_gone_back_to() {
            return;
        }
        let (old, since) = match self.state.get(space, key) {
            Answer::Present(found) => (Some(found.entity.clone()), found.since),
            _ => (None, 0),
        };
        if let (Space::Data(line), Some(entity)) = (space, &old) {
            if self.keep.is_some_and(|keep| since <= keep) {
                self.state.keep(line, *key, since, entity.clone());
            }
            self.state.pin(line, *key, (since, self.pos), entity);
        }
        if let Some(before) = &mut self.before
            && !before.iter().any(|(s, k, _)| *s == space && k == key)
        {
            before.push((space, *key, old));
        }
    }
}
