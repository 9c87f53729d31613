//! What decisions see beside rows: content, opened; tags for texts that must be found; workflows, parsed.
//!
//! Texts that were opened or sealed lately are kept open, so that a run does not read its own events again at every
//! step. They are found by the hash of their ciphertext and are no use once their key is destroyed.

use super::{Revealed, Stop, Workspace};
use crate::capability::{Arguments, Capability};
use crate::entity::DataKey as DataKeyEntity;
use crate::hash::HashText;
use crate::id::KeyId;
use crate::key::{Index, Key, Line, Space};
use crate::reject::Code;
use crate::seal::{Content, Subject};
use crate::view::{Answer, Found, Halt, Lookup, View, Want, parsed_json};
use crate::workflow::Definition;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The longest text that is kept open, in bytes.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// All texts that are kept open, in bytes; beyond that they are forgotten together.
const TEXTS_BYTES_MAX: usize = 8 << 20;
/// Values from this many bytes on are kept parsed.
const VALUE_BYTES_MIN: usize = 2 * 1024;
/// The texts of all values that are kept parsed, in bytes; beyond that they are forgotten together.
const VALUES_BYTES_MAX: usize = 4 << 20;
/// Workflows kept parsed.
const WORKFLOWS_MAX: usize = 64;

/// What is kept open.
#[derive(Default)]
pub(super) struct Insight {
    texts: RefCell<Texts>,
    values: RefCell<Values>,
    workflows: RefCell<BTreeMap<HashText, Rc<Definition>>>,
    arguments: RefCell<BTreeMap<&'static str, Rc<Arguments>>>,
}

#[derive(Default)]
struct Texts {
    bytes: usize,
    by_hash: BTreeMap<HashText, (Subject, Rc<str>)>,
}

#[derive(Default)]
struct Values {
    bytes: usize,
    by_hash: BTreeMap<HashText, Rc<Value>>,
}

impl std::fmt::Debug for Insight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Insight({} texts)", self.texts.borrow().by_hash.len())
    }
}

impl Insight {
    /// Keep `text`, whose ciphertext has `hash`.
    pub(super) fn keep(&self, hash: HashText, subject: Subject, text: &str) {
        if text.len() > TEXT_BYTES_MAX {
            return;
        }
        let mut texts = self.texts.borrow_mut();
        if texts.bytes + text.len() > TEXTS_BYTES_MAX {
            *texts = Texts::default();
        }
        if texts.by_hash.insert(hash, (subject, text.into())).is_none() {
            texts.bytes += text.len();
        }
    }

    /// Keep the value of a text of so many bytes, whose ciphertext has `hash`.
    fn keep_value(&self, hash: HashText, bytes: usize, value: &Rc<Value>) {
        let mut values = self.values.borrow_mut();
        if values.bytes + bytes > VALUES_BYTES_MAX {
            *values = Values::default();
        }
        values.bytes += bytes;
        values.by_hash.insert(hash, Rc::clone(value));
    }

    /// Bytes of the texts that are kept open, and of those whose values are kept parsed.
    pub(super) fn bytes(&self) -> usize {
        self.texts.borrow().bytes + self.values.borrow().bytes
    }

    /// Keep nothing that anybody said.
    pub(super) fn forget(&self) {
        self.texts.take();
        self.values.take();
        self.workflows.take();
    }
}

impl Lookup for Workspace {
    fn get(&self, space: Space, key: &Key) -> Answer<Found<'_>> {
        match self.state.get(space, key) {
            Answer::Missing if self.ahead.passes(space, key) => Answer::Absent,
            known => known,
        }
    }

    fn range(&self, space: Space, index: &Index, after: Option<&Key>, limit: usize) -> Answer<Vec<Key>> {
        self.state.range(space, index, after, limit)
    }

    fn kept(&self, line: Line, key: &Key, pos: u64) -> Answer<Found<'_>> {
        self.state.kept(line, key, pos)
    }
}

impl View for Workspace {
    fn open(&self, content: &Content) -> Result<Option<Rc<str>>, Halt> {
        let unit = match content {
            Content::Plain(text) => return Ok(Some(Rc::clone(text))),
            Content::Sealed(unit) => unit,
        };
        let kept = self.insight.texts.borrow().by_hash.get(&unit.hash).cloned();
        if let Some((subject, text)) = kept {
            let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
            return Ok(key.is_some_and(|key| !*key.destroyed).then_some(text));
        }
        match self.reveal(content) {
            Ok(Revealed::Text(text)) => Ok(Some(text.into())),
            Ok(Revealed::Destroyed) => Ok(None),
            Err(Stop::Load(want)) => Err(Halt::Load(want)),
            Err(Stop::Refused(rejection)) => Err(Halt::Reject(rejection)),
            Err(Stop::Broken(why)) => Err(Halt::Broken(why)),
        }
    }

    fn json(&self, content: &Content) -> Result<Option<Rc<Value>>, Halt> {
        // Before the text: one that is too long to be kept open would be decrypted again at every turn of a loop over it.
        // Nothing is kept of a key that was destroyed.
        let hash = content.unit().map(|unit| unit.hash);
        if let Some(known) = hash.and_then(|hash| self.insight.values.borrow().by_hash.get(&hash).cloned()) {
            return Ok(Some(known));
        }
        let Some(text) = self.open(content)? else { return Ok(None) };
        let value = Rc::new(parsed_json(&text)?);
        if let Some(hash) = hash.filter(|_| text.len() >= VALUE_BYTES_MIN) {
            self.insight.keep_value(hash, text.len(), &value);
        }
        Ok(Some(value))
    }

    fn tag(&self, parts: &[&str]) -> Result<KeyId, Halt> {
        let subject = Subject::Workspace;
        let key = self.read(Line::default()).control::<DataKeyEntity>(Key::Subject(subject))?;
        let Some(key) = key.filter(|key| !*key.destroyed) else {
            return Err(Code::KeyDestroyed
                .because("the workspace's own key is gone, so nothing is found by name")
                .into());
        };
        let open = self.keys.get(&key.key).ok_or(Halt::Load(Want::DataKey(*key.key, subject)))?;
        Ok(open.tag(parts))
    }

    fn arguments(&self, capability: &'static Capability) -> Result<Rc<Arguments>, Halt> {
        if let Some(known) = self.insight.arguments.borrow().get(capability.name) {
            return Ok(Rc::clone(known));
        }
        let arguments = Rc::new(capability.arguments().map_err(Halt::Broken)?);
        self.insight.arguments.borrow_mut().insert(capability.name, Rc::clone(&arguments));
        Ok(arguments)
    }

    fn definition(&self, source: &Content) -> Result<Option<Rc<Definition>>, Halt> {
        let Some(hash) = source.unit().map(|unit| unit.hash) else { return parsed(self, source) };
        if let Some(known) = self.insight.workflows.borrow().get(&hash) {
            return Ok(Some(Rc::clone(known)));
        }
        let definition = parsed(self, source)?;
        if let Some(definition) = &definition {
            let mut workflows = self.insight.workflows.borrow_mut();
            if workflows.len() >= WORKFLOWS_MAX {
                workflows.clear();
            }
            workflows.insert(hash, Rc::clone(definition));
        }
        Ok(definition)
    }
}

/// The workflow in `source`; none when its key was destroyed. It was checked when it was defined.
fn parsed(view: &impl View, source: &Content) -> Result<Option<Rc<Definition>>, Halt> {
    let Some(text) = view.open(source)? else { return Ok(None) };
    let value = serde_json::from_str(&text).map_err(|why| Halt::Broken(format!("a workflow is not JSON: {why}")))?;
    match Definition::parse(&value) {
        Ok(definition) => Ok(Some(Rc::new(definition))),
        Err(mistakes) => {
            let first = mistakes.first().map(|mistake| mistake.message.clone()).unwrap_or_default();
            Err(Halt::Broken(format!("a workflow that was defined does not pass its check now: {first}")))
        }
    }
}
