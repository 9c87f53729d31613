//! What changed between two positions: what the events in between name, as it was before and as it is after.

use super::log::{Budget, parts};
use super::show::{MORE, Room, short};
use super::{answer, more, refused, taken};
use crate::{Failure, Sequencer};
use kernel::entity::{Branch, Entity};
use kernel::event::{EventData, Header};
use kernel::id::CommandId;
use kernel::key::{BranchId, Key};
use kernel::past::{Past, PastRows};
use ports::StoreError;
use ports::history::{ChangeView, DiffView, FieldView, HistorySlice, KindView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Events that may lie between the two positions: what they name is held together to be counted.
const DIFF_EVENTS_MAX: u64 = 10_000;
/// Most entities that are shown at once.
const SHOWN_MAX: usize = 64;
/// Entities of which only their past tells whether they are new, that are looked up to be counted.
const UNSURE_MAX: usize = 256;
/// Bytes of content, and of everything, that are shown of a field.
const FIELD_BYTES: usize = 4_096;
/// Bytes of content that are shown of an entity.
const ENTITY_BYTES: usize = 16_384;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    pub from: u64,
    pub to: Option<u64>,
    pub skip: usize,
    pub limit: usize,
}

/// How far it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// The events in between are read.
    Touched(Touched),
    /// What they name is looked up as it was before them.
    Before(Picked, Option<PastRows>),
    /// And as it is after them.
    After(Picked, PastRows, PastRows),
}

/// What the events in between name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Touched {
    pos: u64,
    to: u64,
    /// Whether something in between was undone, so that only the past tells what is new.
    went_back: bool,
    /// Whether each entity is new, where that is known.
    keys: BTreeMap<Key, Option<bool>>,
    /// Commands that were recorded from their first event on.
    begun: BTreeSet<CommandId>,
}

/// What is shown of it.
#[derive(Debug, Serialize, Deserialize)]
struct Picked {
    to: u64,
    kinds: BTreeMap<String, (u64, u64)>,
    page: Vec<Key>,
    unsure: Vec<Key>,
    next: Option<u64>,
}

impl Sequencer {
    /// What is other at one position than at another before it.
    pub(super) async fn diff(&mut self, range: Range, so_far: Option<&Value>) -> Result<HistorySlice, Failure> {
        let mut stage = match so_far {
            Some(so_far) => taken(so_far)?,
            None => {
                let to = self.checked(range)?;
                let (pos, went_back) = self.first_differing(range.from, to).await?;
                Stage::Touched(Touched { pos, to, went_back, ..Touched::default() })
            }
        };
        let mut budget = Budget::default();
        loop {
            stage = match stage {
                Stage::Touched(mut touched) => {
                    touched.pos = self.scan_touched(&mut touched, &mut budget).await?;
                    if touched.pos < touched.to {
                        return more(&Stage::Touched(touched));
                    }
                    Stage::Before(touched.picked(range), None)
                }
                Stage::Before(picked, rows) => {
                    let past = self.as_they_were(&picked.wanted(), range.from, rows.as_ref(), &mut budget).await?;
                    let rows = rows_of(&past)?;
                    if past.pos() < range.from {
                        return more(&Stage::Before(picked, Some(rows)));
                    }
                    Stage::After(picked, rows.clone(), rows)
                }
                Stage::After(picked, before, rows) => {
                    let past = self.as_they_were(&picked.wanted(), picked.to, Some(&rows), &mut budget).await?;
                    if past.pos() < picked.to {
                        return more(&Stage::After(picked, before, rows_of(&past)?));
                    }
                    let before = self.resumed(&picked.wanted(), &before).await?;
                    return answer(Some(&self.diff_view(range.from, &picked, &before, &past).await?));
                }
            };
        }
    }

    /// The position after, if the two are some.
    fn checked(&self, range: Range) -> Result<u64, Failure> {
        let to = self.reached(range.to)?;
        match range.from {
            from if from > to => Err(refused(format!("{from} is behind {to}: name the earlier position first"))),
            from if to - from > DIFF_EVENTS_MAX => {
                Err(refused(format!("{from} and {to} are more than {DIFF_EVENTS_MAX} events apart: ask in parts")))
            }
            _ => Ok(to),
        }
    }

    /// The position from which on events say what differs: the first one, or, where restores lie in between, the last that
    /// both ends have in common. And whether there are such restores.
    async fn first_differing(&mut self, from: u64, to: u64) -> Result<(u64, bool), Failure> {
        let main = self.main_branch().await?;
        if main.incarnation_at(from) == main.incarnation_at(to) {
            return Ok((from, false));
        }
        let (old, new) = (lines_at(&main, from), lines_at(&main, to));
        let common = |(incarnation, until): (&u32, &u64)| Some(*new.get(incarnation)?.min(until));
        let pos = old.iter().rev().find_map(common).unwrap_or_default();
        if to - pos > DIFF_EVENTS_MAX {
            let why =
                format!("what {from} and {to} have in common ends at {pos}, more than {DIFF_EVENTS_MAX} events before");
            return Err(refused(why));
        }
        Ok((pos, true))
    }

    async fn scan_touched(&self, touched: &mut Touched, budget: &mut Budget) -> Result<u64, Failure> {
        let (pos, to) = (touched.pos, touched.to);
        self.scan(pos, to, budget, |event| {
            let (header, data) = parts(event)?;
            touched.take(&header, &data);
            Ok(())
        })
        .await
    }

    async fn diff_view(&mut self, from: u64, picked: &Picked, old: &Past, new: &Past) -> Result<DiffView, Failure> {
        let mut kinds = picked.kinds.clone();
        for key in &picked.unsure {
            let (added, changed) = kinds.entry(key.kind().to_owned()).or_default();
            match (old.get(key), new.get(key)) {
                (None, None) => {}
                (None, Some(_)) => *added += 1,
                // It was something else only in between.
                (Some(old), Some(new)) if old.entity == new.entity => {}
                (Some(_), _) => *changed += 1,
            }
        }
        let kinds = kinds.into_iter().map(|(kind, (added, changed))| KindView { kind, added, changed }).collect();
        let mut entities = Vec::new();
        for key in &picked.page {
            entities.extend(self.change(key, old, new).await?);
        }
        Ok(DiffView { from, to: picked.to, kinds, entities, next: picked.next })
    }

    /// What became of one entity; none when it is as it was.
    async fn change(&mut self, key: &Key, old: &Past, new: &Past) -> Result<Option<ChangeView>, Failure> {
        let (before, after) = (old.get(key), new.get(key));
        let since = after.or(before).map_or(0, |found| found.since);
        let (added, removed) = (before.is_none(), after.is_none());
        let (before, after) = (before.map(|it| it.entity.clone()), after.map(|it| it.entity.clone()));
        let (mut before, mut after) = (plain(before.as_ref())?, plain(after.as_ref())?);
        let called = self.called(if removed { &before } else { &after }).await?;
        // What is alike is not opened.
        let alike: Vec<String> = before.keys().filter(|name| before.get(*name) == after.get(*name)).cloned().collect();
        for name in alike {
            before.remove(&name);
            after.remove(&name);
        }
        let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
        let (mut before, mut after) = (self.fields(&before).await?, self.fields(&after).await?);
        let field = |name: String| {
            let view = FieldView { old: before.remove(&name), new: after.remove(&name) };
            (name, view)
        };
        // Content that was written again in the same words is as it was.
        let is_other = |(_, view): &(String, FieldView)| view.old != view.new || view.old == Some(Value::Null);
        let fields: BTreeMap<String, FieldView> = names.into_iter().map(field).filter(is_other).collect();
        let is_other = added != removed || !fields.is_empty();
        Ok(is_other.then(|| ChangeView { key: key.to_string(), called, added, removed, since, fields }))
    }

    /// What people call an entity with these fields.
    async fn called(&mut self, fields: &BTreeMap<String, Value>) -> Result<Option<String>, Failure> {
        let found = ["name", "title", "path"].iter().find_map(|name| Some((*name, fields.get(*name)?)));
        let Some((name, value)) = found else { return Ok(None) };
        let shown = self.fields(&BTreeMap::from([(name.to_owned(), value.clone())])).await?;
        Ok(shown.get(name).and_then(Value::as_str).map(str::to_owned))
    }

    async fn fields(&mut self, fields: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Failure> {
        let encoded = serde_json::to_vec(fields).unwrap_or_default();
        let (fields, _) = self.shown(&encoded, Room { text: FIELD_BYTES, all: ENTITY_BYTES }).await?;
        Ok(fields.into_iter().map(|(name, value)| (name, bounded(value))).collect())
    }
}

/// The incarnations of `main` that were seen at `pos`, each up to which position.
fn lines_at(main: &Branch, pos: u64) -> BTreeMap<u32, u64> {
    let (mut lines, mut incarnation, mut until) = (BTreeMap::new(), main.incarnation_at(pos), pos);
    loop {
        lines.insert(incarnation, until);
        let Some(base) = main.base_of(incarnation) else { return lines };
        (incarnation, until) = (base.parent.incarnation, until.min(base.pos));
    }
}

impl Touched {
    fn take(&mut self, header: &Header, data: &EventData) {
        // What happens on a fork is not seen on main.
        if header.line().branch != BranchId::Main {
            return;
        }
        if header.first.is_some() {
            self.begun.insert(header.command);
        }
        let gone = match data {
            EventData::WorkspaceUnfrozen(_) | EventData::WorkspaceAdopted(_) => Some(Key::Move),
            _ => None,
        };
        for key in header.touched.iter().map(|touched| touched.key).chain(gone) {
            if !self.keys.contains_key(&key) && !is_bookkeeping(&key) {
                let is_new = self.is_new(&key, header, data).filter(|_| !self.went_back);
                self.keys.insert(key, is_new);
            }
        }
    }

    /// Whether the first event in between that names it made it.
    fn is_new(&self, key: &Key, header: &Header, data: &EventData) -> Option<bool> {
        match (key, data) {
            (Key::Document(_), EventData::DocumentWritten(written)) => Some(written.version == 1),
            // These are made for things that may be older.
            (Key::Lease(_), EventData::LeaseGranted(granted)) => Some(granted.fence == 1),
            (Key::Lease(_), _) => Some(false),
            (Key::Subject(_), EventData::KeyCreated(_)) => Some(true),
            (Key::Subject(_), _) => Some(false),
            (Key::Device(_) | Key::Workspace, _) => Some(true),
            _ => match key.made_by()? {
                made if self.begun.contains(&made) => Some(true),
                // It was begun before the first position: what it made afterwards is new, too.
                made if made == header.command => None,
                _ => Some(false),
            },
        }
    }

    fn picked(self, range: Range) -> Picked {
        let mut kinds: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut unsure = Vec::new();
        for (key, is_new) in &self.keys {
            let counted = kinds.entry(key.kind().to_owned()).or_default();
            match is_new {
                None if unsure.len() < UNSURE_MAX => unsure.push(*key),
                Some(true) => counted.0 += 1,
                _ => counted.1 += 1,
            }
        }
        let limit = range.limit.clamp(1, SHOWN_MAX);
        let page: Vec<Key> = self.keys.keys().copied().skip(range.skip).take(limit).collect();
        let next = range.skip.saturating_add(page.len());
        let next = (next < self.keys.len()).then_some(next as u64);
        Picked { to: self.to, kinds, page, unsure, next }
    }
}

impl Picked {
    fn wanted(&self) -> BTreeSet<Key> {
        self.page.iter().chain(&self.unsure).copied().collect()
    }
}

/// What only helps to find other things says nothing to a person.
fn is_bookkeeping(key: &Key) -> bool {
    matches!(key, Key::Blob(_) | Key::Name(_))
}

fn rows_of(past: &Past) -> Result<PastRows, Failure> {
    past.rows().map_err(|what| StoreError::Damaged { what }.into())
}

/// The fields of an entity as they are stored.
fn plain(entity: Option<&Entity>) -> Result<BTreeMap<String, Value>, Failure> {
    let damaged = |why: serde_json::Error| StoreError::Damaged { what: format!("a row cannot be read: {why}") };
    let Some(entity) = entity else { return Ok(BTreeMap::new()) };
    let encoded = entity.encode().map_err(damaged)?;
    Ok(serde_json::from_slice(&encoded).map_err(damaged)?)
}

/// A value that is not larger than is read at a glance.
fn bounded(value: Value) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            if text.len() > FIELD_BYTES { Value::String(short(&text, FIELD_BYTES)) } else { value }
        }
        Value::String(text) if text.len() > FIELD_BYTES + MORE.len() => Value::String(short(&text, FIELD_BYTES)),
        other => other,
    }
}
