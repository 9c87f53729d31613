//! Read models that a projector keeps outside the workspace's own store: what is asked of them, and what is shown.
//!
//! They are made of the log and of nothing else, they may be thrown away at any time, and they follow the log at a distance:
//! every answer says the position it is of, and how far the log is ahead.

mod keep;

pub use keep::{
    Change, Edition, Entry, Found, Item, KeepModels, ModelsError, NewEdition, ReadModels, Sizes, Wanted, WholeFile,
};

use kernel::id::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Most hits or entries of one answer.
pub const PAGE_MAX: usize = 100;

/// A read model with entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Agents, and what they were asked.
    Agents,
    /// Tasks, and where they stand.
    Tasks,
    /// What happened that a person would tell.
    Timeline,
    /// What was used of each provider on each day.
    Usage,
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Agents, Self::Tasks, Self::Timeline, Self::Usage];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Tasks => "tasks",
            Self::Timeline => "timeline",
            Self::Usage => "usage",
        }
    }
}

/// The name of the model that is searched.
pub const SEARCH: &str = "search";

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// The name of an agent.
    Agent,
    /// What a model answered.
    Answer,
    /// The newest text of a document, and its path.
    Document,
    /// What was remembered.
    Note,
    /// What came of a run.
    Outcome,
    /// What an agent was asked.
    Prompt,
    /// The title of a task.
    Task,
    /// The name of a workflow.
    Workflow,
}

impl ItemKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Agent,
        Self::Answer,
        Self::Document,
        Self::Note,
        Self::Outcome,
        Self::Prompt,
        Self::Task,
        Self::Workflow,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Answer => "answer",
            Self::Document => "document",
            Self::Note => "note",
            Self::Outcome => "outcome",
            Self::Prompt => "prompt",
            Self::Task => "task",
            Self::Workflow => "workflow",
        }
    }
}

impl FromStr for ItemKind {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(UnknownName)
    }
}

impl FromStr for Model {
    type Err = UnknownName;
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|model| model.name() == text).ok_or(UnknownName)
    }
}

/// A name that nothing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownName;

/// What is asked of the read models of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelsAsk {
    /// What.
    pub asked: ModelsAsked,
    /// The position they have to stand at before they are read; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_for: Option<u64>,
}

/// How long is waited for a position, in milliseconds. Then the answer is of where they stand.
pub const WAIT_MS: u64 = 10_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelsAsked {
    /// How they stand: a [`ReadModelsView`].
    Stand,
    /// Make them anew from the log, beside those that answer until then: a [`ReadModelsView`].
    Rebuild,
    /// Entries of a model, those that changed last first: an [`EntriesView`].
    Entries {
        /// The model.
        model: Model,
        /// Only those of this: tasks of a status, events of a task, usage of a provider.
        of: Option<String>,
        /// Only those that changed before this position.
        before: Option<u64>,
        /// Most entries.
        limit: usize,
    },
    /// What fits best: a [`SearchView`].
    Search {
        /// What is looked for.
        query: String,
        /// Only these kinds; all when empty.
        kinds: Vec<ItemKind>,
        /// Hits to pass over.
        skip: usize,
        /// Most hits.
        limit: usize,
    },
}

impl ModelsAsked {
    /// Whether there is no answer before there are models.
    pub const fn needs_models(&self) -> bool {
        matches!(self, Self::Entries { .. } | Self::Search { .. })
    }
}

/// How the read models of a workspace stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadModelsView {
    /// How they are.
    pub state: ModelsState,
    /// Position of the last event they know.
    pub as_of: u64,
    /// Position of the last event of the log.
    pub end: u64,
    /// Events they do not know yet.
    pub lag: u64,
    /// Bytes they take; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Each of them.
    pub models: Vec<ModelView>,
    /// Position up to which others are made that will take their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt_to: Option<u64>,
    /// Why they do not go on; absent where nothing is known to be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Why they were made anew last, since the host began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<String>,
}

/// How read models are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelsState {
    /// They know all of the log.
    Current,
    /// They know some of the log, and learn the rest.
    Behind,
    /// They are being made; until then, nothing answers, or what answers was made before.
    Rebuilding,
    /// Something is wrong, and they do not go on.
    Stopped,
}

/// One read model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelView {
    /// Its name.
    pub name: String,
    /// Position of the last event it knows.
    pub as_of: u64,
    /// How many entries it has; what can be found, of the one that is searched.
    pub entries: u64,
}

/// Entries of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesView {
    /// Position of the last event the model knows.
    pub as_of: u64,
    /// Position of the last event of the log.
    pub end: u64,
    /// Events it does not know yet.
    pub lag: u64,
    /// The entries, those that changed last first.
    pub entries: Vec<Value>,
    /// What to ask for those that follow; absent when there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchView {
    /// Position of the last event the model knows.
    pub as_of: u64,
    /// Position of the last event of the log.
    pub end: u64,
    /// Events it does not know yet.
    pub lag: u64,
    /// What fits, best first.
    pub hits: Vec<HitView>,
    /// How many hits to pass over for those that follow; absent when there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitView {
    /// What it is.
    pub kind: ItemKind,
    /// Its id: of the document, note, task, agent or workflow; of the step that was asked, or of what it answered.
    pub id: String,
    /// The task it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What people call it: its path, title or name, or the title of its task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A piece of its text.
    pub snippet: Vec<PieceView>,
    /// How well it fits, in thousandths; only to be compared within one answer.
    pub score: u64,
    /// The event that brought it.
    pub pos: u64,
    /// When, milliseconds since 1970.
    pub at: u64,
}

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceView {
    /// What it says.
    pub text: String,
    /// Whether it is what was looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
}

/// A task, as events told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEntry {
    /// The task.
    pub id: Id,
    /// The event that brought its title.
    pub titled_by: u64,
    /// What it is.
    pub kind: crate::views::TaskKind,
    /// Where it stands.
    pub status: crate::views::TaskStatus,
    /// The workflow it performs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Id>,
    /// The agent that was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Id>,
    /// How many steps it has.
    pub steps: u64,
    /// Tokens its requests had.
    pub input_tokens: u64,
    /// Tokens its answers had.
    pub output_tokens: u64,
    /// What its model calls cost, in millionths of a currency.
    pub cost_micros: u64,
    /// When it began, milliseconds since 1970.
    pub began_at: u64,
    /// When it changed last.
    pub changed_at: u64,
    /// The event that changed it last.
    pub pos: u64,
}

/// An agent, as events told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentEntry {
    /// The agent.
    pub id: Id,
    /// The event that brought its name.
    pub named_by: u64,
    /// The provider its model calls go to.
    pub provider: Id,
    /// How often it was asked.
    pub asked: u64,
    /// How often it answered.
    pub answered: u64,
    /// How often there was no answer.
    pub failed: u64,
    /// Model calls with an answer.
    pub calls: u64,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Cost, in millionths of the currency of the provider's prices.
    pub cost_micros: u64,
    /// When it was defined, milliseconds since 1970.
    pub defined_at: u64,
    /// When it was asked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<u64>,
    /// The event that changed this last.
    pub pos: u64,
}

/// What was used of a provider on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEntry {
    /// The day, in UTC: `2027-01-15`.
    pub day: String,
    /// The provider.
    pub provider: Id,
    /// Model calls with an answer.
    pub calls: u64,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Cost, in millionths of the currency of the provider's prices.
    pub cost_micros: u64,
    /// The event that changed this last.
    pub pos: u64,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// The event.
    pub pos: u64,
    /// When, milliseconds since 1970.
    pub at: u64,
    /// Its type.
    pub event: String,
    /// Who acted.
    pub actor: String,
    /// The line it happened on, or control.
    pub stream: String,
    /// The task it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Id>,
    /// What it is about, if that is no task: the text of its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// How many entries there are, by model.
pub type Counts = BTreeMap<String, u64>;
