//! What a slice of events changes: entries as they were, and as they are afterwards.

use kernel::entity::{RunStatus, StepStatus};
use kernel::id::Id;
use kernel::seal::Subject;
use ports::read_models::{AgentEntry, Entry, ItemKind, Model, ModelsError, TaskEntry, UsageEntry};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Steps, each with the agent that was asked. It is no model that is shown: outcomes of steps do not name agents.
pub const STEPS: &str = "steps";

/// A task with what decides where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLine {
    /// What is shown.
    pub entry: TaskEntry,
    /// Its newest step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<Id>,
    /// Where that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepStatus>,
    /// Where its run stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunStatus>,
    /// Calls that wait for a person.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub asking: BTreeSet<Id>,
    /// Whether nobody wants it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLine {
    /// The agent that was asked.
    pub agent: Id,
    /// The event that changed this last.
    pub pos: u64,
}

/// An entry as it is written down.
pub trait Written: Serialize + DeserializeOwned {
    /// What it is listed by beside its model.
    fn of(&self) -> Option<String> {
        None
    }
    /// The event that changed it last.
    fn pos(&self) -> u64;
}

impl Written for TaskLine {
    fn of(&self) -> Option<String> {
        serde_json::to_value(self.entry.status).ok().and_then(|status| status.as_str().map(ToOwned::to_owned))
    }
    fn pos(&self) -> u64 {
        self.entry.pos
    }
}

impl Written for AgentEntry {
    fn pos(&self) -> u64 {
        self.pos
    }
}

impl Written for StepLine {
    fn pos(&self) -> u64 {
        self.pos
    }
}

impl Written for UsageEntry {
    fn of(&self) -> Option<String> {
        Some(self.provider.to_string())
    }
    fn pos(&self) -> u64 {
        self.pos
    }
}

/// Entries of one model that a slice is about.
#[derive(Debug)]
pub struct Table<T> {
    model: &'static str,
    there: BTreeMap<String, T>,
    touched: BTreeSet<String>,
}

impl<T: Written> Table<T> {
    fn new(model: &'static str) -> Self {
        Self { model, there: BTreeMap::new(), touched: BTreeSet::new() }
    }

    /// Change what is under `key`, if it is there.
    pub fn edit(&mut self, key: &str, change: impl FnOnce(&mut T)) {
        if let Some(there) = self.there.get_mut(key) {
            change(there);
            self.touched.insert(key.to_owned());
        }
    }

    /// What is under `key`.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.there.get(key)
    }

    /// Put something under `key`, whatever was there.
    pub fn put(&mut self, key: String, value: T) {
        self.touched.insert(key.clone());
        self.there.insert(key, value);
    }

    /// Take what is under `key` away.
    pub fn remove(&mut self, key: &str) {
        if self.there.remove(key).is_some() {
            self.touched.insert(key.to_owned());
        }
    }

    fn load(&mut self, entry: Entry) -> Result<(), ModelsError> {
        let unreadable = |what: String| ModelsError::Damaged(format!("{} {}: {what}", entry.model, entry.key));
        let value = entry.value.as_deref().unwrap_or_default();
        let value = serde_json::from_str(value).map_err(|why| unreadable(why.to_string()))?;
        self.there.insert(entry.key, value);
        Ok(())
    }

    fn changed(&self) -> Result<Vec<Entry>, ModelsError> {
        let unwritten = |why: serde_json::Error| ModelsError::Unavailable(why.to_string());
        let mut changed = Vec::with_capacity(self.touched.len());
        for key in &self.touched {
            let (model, key) = (self.model.to_owned(), key.clone());
            changed.push(match self.there.get(&key) {
                None => Entry { model, key, of: None, pos: 0, value: None },
                Some(there) => {
                    let value = Some(serde_json::to_string(there).map_err(unwritten)?);
                    Entry { model, key, of: there.of(), pos: there.pos(), value }
                }
            });
        }
        Ok(changed)
    }
}

/// Something that can be found, and where what it says stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Whose data it is.
    pub subject: Subject,
    /// The task it belongs to.
    pub task: Option<Id>,
    /// The event that brings it.
    pub pos: u64,
    /// When.
    pub at: u64,
}

/// What a slice changes.
#[derive(Debug)]
pub struct Draft {
    /// Tasks.
    pub tasks: Table<TaskLine>,
    /// Agents.
    pub agents: Table<AgentEntry>,
    /// Steps.
    pub steps: Table<StepLine>,
    /// What was used.
    pub usage: Table<UsageEntry>,
    /// What happened.
    pub timeline: Vec<Entry>,
    /// What can be found, by kind and key.
    pub items: BTreeMap<(ItemKind, String), Source>,
    /// Whose data are to be forgotten.
    pub forgotten: BTreeSet<Subject>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            tasks: Table::new(Model::Tasks.name()),
            agents: Table::new(Model::Agents.name()),
            steps: Table::new(STEPS),
            usage: Table::new(Model::Usage.name()),
            timeline: Vec::new(),
            items: BTreeMap::new(),
            forgotten: BTreeSet::new(),
        }
    }
}

impl Draft {
    /// Take in entries as they were.
    pub fn load(&mut self, entries: Vec<Entry>) -> Result<(), ModelsError> {
        for entry in entries {
            match entry.model.as_str() {
                model if model == self.tasks.model => self.tasks.load(entry)?,
                model if model == self.agents.model => self.agents.load(entry)?,
                model if model == self.steps.model => self.steps.load(entry)?,
                model if model == self.usage.model => self.usage.load(entry)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Entries as they are afterwards.
    pub fn entries(&self) -> Result<Vec<Entry>, ModelsError> {
        let mut entries = self.tasks.changed()?;
        entries.extend(self.agents.changed()?);
        entries.extend(self.steps.changed()?);
        entries.extend(self.usage.changed()?);
        entries.extend(self.timeline.iter().cloned());
        Ok(entries)
    }
}
