//! How `decide` sees state: two questions, and no way to fetch anything.
//!
//! A view may not have loaded what is asked for. `decide` then stops with [`Halt::Load`]; the driver loads exactly that
//! and decides again from the start. So opening a workspace costs what a command touches, and the same kernel serves
//! stores that answer at once and stores that answer later.

use crate::capability::{Arguments, Capability};
use crate::entity::{Alias, Base, Branch, Entity, Kind};
use crate::id::{BlobId, CommandId, KeyId};
use crate::key::{Index, Key, Line, Space};
use crate::map::PageKey;
use crate::reject::Rejection;
use crate::seal::{Content, Subject};
use crate::workflow::Definition;
use serde_json::Value;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The most index entries one question may ask for.
pub const RANGE_MAX: usize = 256;

/// What a view knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is there.
    Present(T),
    /// It is known not to be there.
    Absent,
    /// It was not loaded: load it and ask again.
    Missing,
}

/// A row that is there.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The entity.
    pub entity: &'a Entity,
    /// Position of the event that changed it last.
    pub since: u64,
}

/// Rows, as they are known.
pub trait Lookup {
    /// The row under `key` in `space` itself.
    fn get(&self, space: Space, key: &Key) -> Answer<Found<'_>>;

    /// Keys of `index` above `after`, in order, at most `limit` (at most [`RANGE_MAX`]).
    fn range(&self, space: Space, index: &Index, after: Option<&Key>, limit: usize) -> Answer<Vec<Key>>;

    /// The newest version of `key` in `line` that was kept for what stands on it and is not younger than `pos`.
    fn kept(&self, line: Line, key: &Key, pos: u64) -> Answer<Found<'_>>;
}

/// State as `decide` sees it: rows, and the content they refer to.
pub trait View: Lookup {
    /// The text of content; none when its key was destroyed.
    fn open(&self, content: &Content) -> Result<Option<Rc<str>>, Halt>;

    /// The JSON value in content; none when its key was destroyed.
    fn json(&self, content: &Content) -> Result<Option<Rc<Value>>, Halt> {
        let Some(text) = self.open(content)? else { return Ok(None) };
        Ok(Some(Rc::new(parsed_json(&text)?)))
    }

    /// What stands for `parts` where a text must be found but must not be readable: an HMAC under the workspace's key.
    fn tag(&self, parts: &[&str]) -> Result<KeyId, Halt>;

    /// What the arguments of a capability have to be.
    fn arguments(&self, capability: &'static Capability) -> Result<Rc<Arguments>, Halt>;

    /// The workflow in content; none when its key was destroyed.
    fn definition(&self, source: &Content) -> Result<Option<Rc<Definition>>, Halt>;
}

/// The JSON value in a text that was written as one.
pub(crate) fn parsed_json(text: &str) -> Result<Value, Halt> {
    serde_json::from_str(text).map_err(|why| Halt::Broken(format!("a value is not JSON: {why}")))
}

/// What has to be loaded before `decide` can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Rows of one space.
    Rows(Space, Vec<Key>),
    /// The next entries of an index, after the ones known.
    Range(Space, Index),
    /// Earlier versions of a row: those kept for forks, and the one at each position that a restore went back to.
    Kept(Line, Key),
    /// What a line was at a position, and what was under way there.
    Past(Line, u64),
    /// A data key, unwrapped.
    DataKey(KeyId, Subject),
    /// Pages of a space's state map.
    Pages(Space, Vec<PageKey>),
    /// All events after a position: what changed since the last fold.
    EventsAfter(u64),
    /// One event, for the content it carries.
    Event(u64),
    /// The chunks of content that is kept apart.
    Blob(BlobId, u16),
}

/// Why a decision stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// Something has to be loaded first.
    Load(Want),
    /// The command is refused.
    Reject(Rejection),
    /// What is stored is not what was written. Says what.
    Broken(String),
}

impl From<Rejection> for Halt {
    fn from(rejection: Rejection) -> Self {
        Self::Reject(rejection)
    }
}

/// Reads typed entities of one line and of control.
#[derive(Debug)]
pub struct Reader<'a, V> {
    view: &'a V,
    line: Line,
}

impl<'a, V: Lookup> Reader<'a, V> {
    /// Read `line` and control through `view`.
    pub fn new(view: &'a V, line: Line) -> Self {
        Self { view, line }
    }

    /// The line that is read.
    pub fn line(&self) -> Line {
        self.line
    }

    /// A control entity.
    pub fn control<K: Kind>(&self, key: Key) -> Result<Option<&'a K>, Halt> {
        match self.view.get(Space::Control, &key) {
            Answer::Present(found) => Ok(K::of(found.entity)),
            Answer::Absent => Ok(None),
            Answer::Missing => Err(Halt::Load(Want::Rows(Space::Control, vec![key]))),
        }
    }

    /// The command that an idempotency key stands for.
    pub fn dedupe(&self, key: Key) -> Result<Option<CommandId>, Halt> {
        match self.view.get(Space::Dedupe, &key) {
            Answer::Present(found) => Ok(Alias::of(found.entity).map(|alias| *alias.command)),
            Answer::Absent => Ok(None),
            Answer::Missing => Err(Halt::Load(Want::Rows(Space::Dedupe, vec![key]))),
        }
    }

    /// A data entity, as the line sees it.
    pub fn data<K: Kind>(&self, key: Key) -> Result<Option<&'a K>, Halt> {
        let found = resolve(self.view, self.line, &key).map_err(Halt::Load)?;
        Ok(found.and_then(|found| K::of(found.entity)))
    }

    /// Where it reads from.
    pub fn view(&self) -> &'a V {
        self.view
    }

    /// Keys of a data index, as the line sees it: of its own rows, and of those it stands on as they were there.
    pub fn data_index(&self, index: Index, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Halt> {
        let lines = lines_below(self.view, self.line).map_err(Halt::Load)?;
        if lines.len() == 1 {
            return self.index_in(Space::Data(self.line), index, after, limit);
        }
        let limit = limit.min(RANGE_MAX);
        let (mut keys, mut after) = (Vec::new(), after.copied());
        loop {
            let (candidates, to) = self.candidates(&lines, index, after.as_ref(), limit)?;
            for key in candidates {
                if resolve(self.view, self.line, &key).map_err(Halt::Load)?.is_some() {
                    keys.push(key);
                }
                if keys.len() == limit {
                    return Ok(keys);
                }
            }
            match to {
                Some(_) => after = to,
                None => return Ok(keys),
            }
        }
    }

    /// The next keys that any of `lines` has, and up to where they are all of them; none for to the end.
    fn candidates(
        &self,
        lines: &[Line],
        index: Index,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<(BTreeSet<Key>, Option<Key>), Halt> {
        let (mut candidates, mut to) = (BTreeSet::new(), None);
        for line in lines {
            let page = self.index_in(Space::Data(*line), index, after, limit)?;
            let last = page.last().copied().filter(|_| page.len() == limit);
            to = to.into_iter().chain(last).min();
            candidates.extend(page);
        }
        candidates.retain(|key| to.is_none_or(|to| *key <= to));
        Ok((candidates, to))
    }

    /// Keys of a control index.
    pub fn index(&self, index: Index, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Halt> {
        self.index_in(Space::Control, index, after, limit)
    }

    fn index_in(&self, space: Space, index: Index, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Halt> {
        match self.view.range(space, &index, after, limit.min(RANGE_MAX)) {
            Answer::Present(keys) => Ok(keys),
            Answer::Absent => Ok(Vec::new()),
            Answer::Missing => Err(Halt::Load(Want::Range(space, index))),
        }
    }
}

/// The row that `line` sees under `key`: its own → the parent's as it was at the fork → and so on down.
pub fn resolve<'a, V: Lookup>(view: &'a V, line: Line, key: &Key) -> Result<Option<Found<'a>>, Want> {
    let mut line = line;
    let mut until = u64::MAX;
    loop {
        if let Some(found) = as_of(view, line, key, until)? {
            return Ok(Some(found));
        }
        let Some(base) = base_of(view, line)? else { return Ok(None) };
        until = until.min(base.pos);
        line = base.parent;
    }
}

/// The line's own row under `key` as it was at `until`.
fn as_of<'a, V: Lookup>(view: &'a V, line: Line, key: &Key, until: u64) -> Result<Option<Found<'a>>, Want> {
    match view.get(Space::Data(line), key) {
        Answer::Missing => return Err(Want::Rows(Space::Data(line), vec![*key])),
        Answer::Absent => return Ok(None),
        Answer::Present(found) if found.since <= until => return Ok(Some(found)),
        Answer::Present(_) => {}
    }
    match view.kept(line, key, until) {
        Answer::Missing => Err(Want::Kept(line, *key)),
        Answer::Absent => Ok(None),
        Answer::Present(found) => Ok(Some(found)),
    }
}

/// The line and all lines that it stands on, down to the first.
fn lines_below<V: Lookup>(view: &V, line: Line) -> Result<Vec<Line>, Want> {
    let mut lines = vec![line];
    let mut above = line;
    while let Some(base) = base_of(view, above)? {
        above = base.parent;
        lines.push(above);
    }
    Ok(lines)
}

/// What `line` stands on. The first line of `main` stands on nothing.
fn base_of<V: Lookup>(view: &V, line: Line) -> Result<Option<&Base>, Want> {
    if line == Line::default() {
        return Ok(None);
    }
    let key = Key::Branch(line.branch);
    match view.get(Space::Control, &key) {
        Answer::Missing => Err(Want::Rows(Space::Control, vec![key])),
        Answer::Absent => Ok(None),
        Answer::Present(found) => Ok(Branch::of(found.entity).and_then(|branch| branch.base_of(line.incarnation))),
    }
}
