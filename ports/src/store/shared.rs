//! A store whose workspaces have several writers at once, none of whom owns anything.
//!
//! A writer decides on the head it read and commits if the head is still there. One that comes too late asks the others:
//! it leaves a letter, and whoever commits next decides for all whose letters lie there and answers them in that commit.

use super::{Store, StoreError};
use async_trait::async_trait;
use kernel::storage::Batch;

/// Something that waits to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Under which its answer is fetched. Never used twice.
    pub ticket: String,
    /// When it was left, milliseconds since 1970.
    pub at_ms: u64,
    /// What is asked; nothing a store can read.
    pub body: Vec<u8>,
}

/// What a letter came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The letter's.
    pub ticket: String,
    /// What is answered; nothing a store can read.
    pub body: Vec<u8>,
}

/// What lies there for a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Post {
    /// The answer to the writer's own letter.
    Answered(Vec<u8>),
    /// Letters that nobody answered yet, the writer's own among them, in the order they came.
    Waiting(Vec<Letter>),
}

/// What is written down with a commit: all of it with the batch, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aside {
    /// Answers to letters that were decided in this commit.
    pub answers: Vec<Answer>,
    /// When somebody has to look after the workspace though nobody asks; never, if nothing is owed.
    pub wake_at: Option<u64>,
}

/// Which letters a writer wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The writer's own.
    pub ticket: &'a str,
    /// Older ones are left alone: whoever wrote them has given up waiting.
    pub since_ms: u64,
    /// So many at most.
    pub limit: usize,
}

/// A store for several writers. What must hold beside [`Store`]: a commit, its answers and its alarm are one.
#[async_trait(?Send)]
pub trait SharedStore: Store {
    /// Commit `batch`, and with it what stands aside. A letter that was answered already stays so.
    async fn commit_with(&self, workspace: &str, batch: &Batch, aside: &Aside) -> Result<(), StoreError>;

    /// Answer letters that came to nothing that is committed.
    async fn answer(&self, workspace: &str, answers: &[Answer]) -> Result<(), StoreError>;

    /// Leave a letter.
    async fn post(&self, workspace: &str, letter: &Letter) -> Result<(), StoreError>;

    /// What lies there.
    async fn fetch(&self, workspace: &str, wanted: Wanted<'_>) -> Result<Post, StoreError>;

    /// Take away a letter with its answer, or without.
    async fn forget(&self, workspace: &str, ticket: &str) -> Result<(), StoreError>;

    /// Take away whatever was left before `before_ms` and that nobody fetched.
    async fn sweep(&self, before_ms: u64) -> Result<(), StoreError>;
}

/// Who looks after workspaces on a host where nothing runs between requests.
#[async_trait(?Send)]
pub trait Watch {
    /// Workspaces whose alarm was for `now_ms` or earlier, the longest due first, at most `limit`.
    async fn due(&self, now_ms: u64, limit: usize) -> Result<Vec<String>, StoreError>;

    /// Become the one process that performs what a workspace owes, until `until_ms`; the same process may do so again to
    /// stay it. If it is another already, that one is told to look again. Says whether it is this one now.
    async fn take_shift(&self, workspace: &str, process: &str, now_ms: u64, until_ms: u64) -> Result<bool, StoreError>;

    /// Stop being it. Not if somebody said meanwhile that there is more to do: then the process still is it, and looks again.
    async fn end_shift(&self, workspace: &str, process: &str) -> Result<bool, StoreError>;
}
