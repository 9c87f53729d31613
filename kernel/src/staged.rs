//! Deciding in several moves: what one event of a decision changes is seen by what decides the next.
//!
//! A decision reads state as it was before its command. One that goes on by itself – a report that ends a call, that
//! lets a workflow go on, that asks for the next call – has to see what it decided so far. `Staged` applies every event
//! it is given to a small state of its own, which lies over the one below; nothing below changes.

use crate::capability::{Arguments, Capability};
use crate::command::{Context, Decision, Draft};
use crate::event::Place;
use crate::id::{CommandId, Id, KeyId, Role};
use crate::key::{Index, Key, Line, Space};
use crate::seal::Content;
use crate::state::{State, Supplied, Writer};
use crate::view::{Answer, Found, Halt, Lookup, Reader, View, Want, parsed_json, resolve};
use crate::workflow::Definition;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// How many events one command comes to before what could go on waits for the next.
pub const EVENTS_MAX: usize = 1_024;
/// How many bytes of content one command comes to before what could go on waits for the next.
pub const BYTES_MAX: usize = 4 << 20;
/// Values of this decision from this many bytes on are kept parsed.
const PARSED_BYTES_MIN: usize = 2 * 1024;
/// How many are.
const PARSED_MAX: usize = 8;

/// A text that this decision brings, and its value.
type Parsed = (Rc<str>, Rc<Value>);

/// State with the events that were decided so far on top.
#[derive(Debug)]
pub struct Staged<'a, V> {
    base: &'a V,
    line: Line,
    over: State,
    command: CommandId,
    /// The sequencer's time, milliseconds since 1970.
    pub now_ms: u64,
    /// Who sent the command.
    pub actor: String,
    drafts: Vec<Draft>,
    /// Bytes of content that was decided so far.
    bytes: usize,
    /// What the command makes, in order.
    pub made: Vec<Id>,
    /// How many things of each role have an id.
    named: BTreeMap<Role, u16>,
    cause: Option<CommandId>,
    /// Long values that this decision brings, as they were read last: every turn of a loop reads its items.
    parsed: RefCell<VecDeque<Parsed>>,
}

impl<'a, V: View> Staged<'a, V> {
    /// Nothing is decided yet.
    pub fn new(with: &Context<'a, V>) -> Self {
        Self {
            base: with.read.view(),
            line: with.line(),
            over: State::default(),
            command: with.command,
            now_ms: with.now_ms,
            actor: with.actor.clone(),
            drafts: Vec::new(),
            bytes: 0,
            made: Vec::new(),
            named: BTreeMap::new(),
            cause: None,
            parsed: RefCell::default(),
        }
    }

    /// What is decided from here on would not be without `cause`.
    pub fn caused_by(&mut self, cause: CommandId) {
        self.cause = Some(cause).filter(|cause| *cause != self.command);
    }

    /// A new id.
    pub fn id(&mut self, role: Role) -> Result<Id, Halt> {
        let k = self.named.entry(role).or_default();
        let id = Id { command: self.command, role, k: *k };
        *k = k
            .checked_add(1)
            .ok_or_else(|| Halt::Broken(format!("one command names too many things of one role: {id}")))?;
        Ok(id)
    }

    /// The ids that the next `count` things of `role` will have.
    pub fn upcoming(&self, role: Role, count: usize) -> Vec<Id> {
        let next = self.named.get(&role).copied().unwrap_or_default();
        (0..count)
            .map_while(|nth| Some(Id { command: self.command, role, k: next.checked_add(u16::try_from(nth).ok()?)? }))
            .collect()
    }

    /// Read what was decided so far.
    pub fn read(&self) -> Reader<'_, Self> {
        Reader::new(self, self.line)
    }

    /// Decide that this happens.
    pub fn emit(&mut self, draft: impl Into<Draft>) -> Result<(), Halt> {
        let mut draft = draft.into();
        for place in draft.data.places() {
            self.bring(place)?;
        }
        draft.data.apply(&mut Writer::new(&mut self.over, self.line, 0, None));
        if let Some(cause) = self.cause
            && draft.causes.is_empty()
        {
            (draft.causes, draft.root) = (vec![cause], Some(cause));
        }
        let plain = |content: &Content| if let Content::Plain(text) = content { text.len() } else { 0 };
        self.bytes += draft.data.contents().into_iter().map(|(_, content)| plain(content)).sum::<usize>();
        self.drafts.push(draft);
        Ok(())
    }

    /// The text of content that is there; none when it is not, or when its key was destroyed.
    pub fn text(&self, content: Option<&Content>) -> Result<Option<Rc<str>>, Halt> {
        content.map_or(Ok(None), |content| self.open(content))
    }

    /// Whether the command came to so much that what could go on waits for the next: a commit has to stay within what
    /// a store takes, and other tasks get their turn.
    pub fn is_full(&self) -> bool {
        self.len() >= EVENTS_MAX || self.bytes >= BYTES_MAX
    }

    /// How many events were decided.
    pub fn len(&self) -> usize {
        self.drafts.len()
    }

    /// Whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// All of it.
    pub fn decision(self) -> Decision {
        Decision { drafts: self.drafts, made: self.made }
    }

    /// The value of a text that this decision brings.
    fn value(&self, text: &Rc<str>) -> Result<Rc<Value>, Halt> {
        if text.len() < PARSED_BYTES_MIN {
            return parsed_json(text).map(Rc::new);
        }
        let known = self.parsed.borrow().iter().find(|(known, _)| Rc::ptr_eq(known, text)).map(|it| Rc::clone(&it.1));
        if let Some(known) = known {
            return Ok(known);
        }
        let value = Rc::new(parsed_json(text)?);
        let mut parsed = self.parsed.borrow_mut();
        if parsed.len() == PARSED_MAX {
            parsed.pop_front();
        }
        parsed.push_back((Rc::clone(text), Rc::clone(&value)));
        Ok(value)
    }

    /// A row that an event changes lies on top from then on.
    fn bring(&mut self, place: Place) -> Result<(), Halt> {
        let (space, key) = match place {
            Place::Data(key) => (Space::Data(self.line), key),
            Place::Control(key) => (Space::Control, key),
        };
        if self.over.rows(space).is_some_and(|rows| rows.slot(&key).is_some()) {
            return Ok(());
        }
        let found = match place {
            Place::Data(key) => resolve(self.base, self.line, &key).map_err(Halt::Load)?,
            Place::Control(key) => match self.base.get(Space::Control, &key) {
                Answer::Present(found) => Some(found),
                Answer::Absent => None,
                Answer::Missing => return Err(Halt::Load(Want::Rows(Space::Control, vec![key]))),
            },
        };
        let row = found.map(|found| Supplied { entity: found.entity.clone(), since: found.since, hash: [0; 32] });
        self.over.rows_mut(space).supply(key, row);
        Ok(())
    }
}

impl<V: View> Lookup for Staged<'_, V> {
    fn get(&self, space: Space, key: &Key) -> Answer<Found<'_>> {
        match self.over.get(space, key) {
            Answer::Missing => self.base.get(space, key),
            known => known,
        }
    }

    fn range(&self, space: Space, index: &Index, after: Option<&Key>, limit: usize) -> Answer<Vec<Key>> {
        let mut keys = match self.base.range(space, index, after, limit) {
            Answer::Present(keys) => keys,
            Answer::Absent => Vec::new(),
            Answer::Missing => return Answer::Missing,
        };
        let whole = keys.len() < limit;
        let last = keys.last().copied();
        keys.retain(|key| !matches!(self.over.get(space, key), Answer::Absent));
        if let Some(rows) = self.over.rows(space) {
            let here = rows.present().map(|(key, ..)| *key).filter(|key| index.holds(key));
            let new = here.filter(|key| after.is_none_or(|after| key > after));
            // Beyond the last one that was asked for below, others may stand in between.
            keys.extend(new.filter(|key| whole || last.is_some_and(|last| *key < last)));
        }
        keys.sort_unstable();
        keys.dedup();
        keys.truncate(limit);
        Answer::Present(keys)
    }

    fn kept(&self, line: Line, key: &Key, pos: u64) -> Answer<Found<'_>> {
        self.base.kept(line, key, pos)
    }
}

impl<V: View> View for Staged<'_, V> {
    fn open(&self, content: &Content) -> Result<Option<Rc<str>>, Halt> {
        self.base.open(content)
    }

    fn json(&self, content: &Content) -> Result<Option<Rc<Value>>, Halt> {
        match content {
            Content::Plain(text) => self.value(text).map(Some),
            Content::Sealed(_) => self.base.json(content),
        }
    }

    fn tag(&self, parts: &[&str]) -> Result<KeyId, Halt> {
        self.base.tag(parts)
    }

    fn arguments(&self, capability: &'static Capability) -> Result<Rc<Arguments>, Halt> {
        self.base.arguments(capability)
    }

    fn definition(&self, source: &Content) -> Result<Option<Rc<Definition>>, Halt> {
        self.base.definition(source)
    }
}
