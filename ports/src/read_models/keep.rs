//! Where read models are kept.
//!
//! They are kept in *editions*. One edition of a workspace answers; another may be made beside it and take its place. What an
//! edition holds is changed in slices, each of which takes it from one position to a later one, whole or not at all.

use super::{Counts, ItemKind};
use async_trait::async_trait;
use kernel::hash::HashText;

/// Why read models cannot be read or kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelsError {
    /// The edition is not there, or not at the position it has to be at: somebody threw it away or brought it further.
    Moved,
    /// What is stored is not what was written.
    Damaged(String),
    /// No answer now: the disk is full, the database is away.
    Unavailable(String),
}

impl std::fmt::Display for ModelsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Moved => f.write_str("the read models are not where they were"),
            Self::Damaged(what) => write!(f, "the read models are damaged: {what}"),
            Self::Unavailable(why) => write!(f, "the read models cannot be kept now: {why}"),
        }
    }
}

impl std::error::Error for ModelsError {}

/// An edition of the read models of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// Its number: no other edition in the same place has it, or ever had.
    pub number: u64,
    /// Whether it answers, or will once it is made.
    pub answers: bool,
    /// What it was begun with.
    pub begun: NewEdition,
    /// Position of the last event it knows.
    pub pos: u64,
    /// Hash of that event; none before the first.
    pub hash: Option<HashText>,
}

/// What an edition is begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewEdition {
    /// Version of the projection that makes it, from 1; 0 when it is being removed.
    pub version: u32,
    /// The incarnation of `main` that it tells of.
    pub incarnation: u32,
}

/// An entry of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The model.
    pub model: String,
    /// Its key: one of a model.
    pub key: String,
    /// What it is listed by beside its model.
    pub of: Option<String>,
    /// The event that changed it last; entries are listed in this order.
    pub pos: u64,
    /// What it says, JSON without content; none removes it.
    pub value: Option<String>,
}

/// Something that can be found, and what stands for its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its id: one of a kind.
    pub key: String,
    /// Whose data it is: what is forgotten with it.
    pub subject: String,
    /// The task it belongs to.
    pub task: Option<String>,
    /// The event that brought it.
    pub pos: u64,
    /// When, milliseconds since 1970.
    pub at: u64,
    /// What stands for its words, in order, parted by spaces; none removes it.
    pub words: Option<String>,
    /// What stands for their beginnings.
    pub starts: String,
}

/// What takes an edition from one position to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The edition.
    pub edition: u64,
    /// Position it has to be at.
    pub from: u64,
    /// Position it is at afterwards.
    pub to: u64,
    /// Hash of the event there.
    pub hash: HashText,
    /// Subjects whose items are forgotten, those in [`Change::items`] not.
    pub forgotten: Vec<String>,
    /// Items, each in place of what there was under its kind and key.
    pub items: Vec<Item>,
    /// Entries, each in place of what there was under its model and key.
    pub entries: Vec<Entry>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// An expression of FTS5 over the columns `words` and `starts`, made of what stands for words.
    pub expression: String,
    /// Only these kinds; all when empty.
    pub kinds: Vec<ItemKind>,
    /// How many to pass over.
    pub skip: usize,
    /// Most that are answered.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: ItemKind,
    /// Its id.
    pub key: String,
    /// The task it belongs to.
    pub task: Option<String>,
    /// The event that brought it.
    pub pos: u64,
    /// When, milliseconds since 1970.
    pub at: u64,
    /// How well it fits, in thousandths.
    pub score: u64,
}

/// How much an edition holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Entries by model.
    pub entries: Counts,
    /// What can be found.
    pub items: u64,
    /// Bytes of all that is kept in this place; none when it is not known.
    pub bytes: Option<u64>,
}

/// Reads read models.
#[async_trait(?Send)]
pub trait ReadModels {
    /// The editions of a workspace that are there, in the order in which they were begun.
    async fn editions(&self, workspace: &str) -> Result<Vec<Edition>, ModelsError>;

    /// The entries under these models and keys that are there.
    async fn entries(&self, edition: u64, keys: &[(&str, String)]) -> Result<Vec<Entry>, ModelsError>;

    /// Entries of `model`, and of `of`, that changed before a position; those that changed last first.
    async fn newest(
        &self,
        edition: u64,
        model: &str,
        of: Option<&str>,
        before: u64,
        limit: usize,
    ) -> Result<Vec<Entry>, ModelsError>;

    /// What fits, best first.
    async fn find(&self, edition: u64, wanted: &Wanted) -> Result<Vec<Found>, ModelsError>;

    /// How much an edition holds.
    async fn sizes(&self, edition: u64) -> Result<Sizes, ModelsError>;
}

/// Keeps read models. The projector is the only one who does; tidy sees to it.
#[async_trait(?Send)]
pub trait KeepModels: ReadModels {
    /// Begin an edition, which holds nothing and answers nothing.
    async fn begin(&self, workspace: &str, new: NewEdition) -> Result<Edition, ModelsError>;

    /// Take an edition further, all of it or nothing; [`ModelsError::Moved`] when it is not where the change begins.
    async fn apply(&self, change: &Change) -> Result<(), ModelsError>;

    /// Let an edition answer, and no other of its workspace; [`ModelsError::Moved`] when it is not there as it is said to be.
    async fn publish(&self, workspace: &str, edition: &Edition) -> Result<(), ModelsError>;

    /// Remove a little of what `workspace` has in editions other than `kept`, which from then on can neither be changed nor
    /// answer. Says whether there is more to remove.
    async fn sweep(&self, workspace: &str, kept: &[u64]) -> Result<bool, ModelsError>;

    /// Throw everything away that is kept in this place, damaged or not. What cannot be used any more is made anew.
    async fn discard(&self) -> Result<(), ModelsError>;

    /// Have what was removed leave the place it was kept in, as far as the place can.
    async fn settle(&self) -> Result<(), ModelsError>;
}

/// A place that holds read models and nothing else.
pub trait WholeFile {
    /// Remove it, whatever is in it.
    fn remove(&self) -> Result<(), String>;
    /// Bytes of it.
    fn bytes(&self) -> u64;
    /// Have what was deleted leave it.
    fn settle(&self) -> Result<(), String>;
}
