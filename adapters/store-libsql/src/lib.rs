//! The store of the embedded host: one SQLite file per workspace, through libSQL.
//!
//! # What it promises, and how
//!
//! A commit is one `BEGIN IMMEDIATE … COMMIT` with a write-ahead log and `synchronous=FULL`: when it returns, the log is
//! on the disk. The first statement of a commit moves the head, and only if the stored position and token are the
//! expected ones. One process owns a data directory, by a lock of the operating system that ends with the process.
//!
//! # What it notices
//!
//! * A value's own hash is compared whenever a row or event is read. What no hash of the kernel covers (key, `since`,
//!   stream, sealed units, the head) is covered by a sum beside it, compared at the same moment.
//! * The file's structure is compared by [`ports::Store::check`], which also reads every row and event once.
//! * SQLite drops what follows a damaged frame of its log without a word. So the head's position is also kept in an
//!   anchor beside the file: `<workspace>.anchor`. A log that ends before its anchor has lost its tail, and the
//!   workspace refuses claims and commits until a person says [`LibsqlStore::accept_lost_tail`].
//!
//! # The window the anchor leaves open
//!
//! The anchor is written after each commit but forced to the disk only about once a second while there are commits,
//! and when a workspace is closed. It is therefore never ahead of a durable commit. If the power fails *and* the log's
//! tail is damaged, commits acknowledged after the last anchor that reached the disk are lost unnoticed: at most about
//! a second of them under load, and those of the kernel's own write-back time (30 s by default on Linux) after the last
//! commit before a pause. A crash of the process alone leaves no such window, nor does damage to any other part.
//!
//! An idle store writes nothing.
//!
//! # Threads
//!
//! A [`LibsqlStore`] belongs to one thread. [`LibsqlStore::another`] opens a second one over the same locked directory,
//! for another thread; a workspace should be used through one of them at a time.

mod anchor;
mod check;
mod commit;
mod data_dir;
mod fault;
mod files;
mod open;
mod pragma;
mod read;
mod schema;
mod space;
mod statement;
mod store;
mod sum;
mod transaction;
mod whole;
mod writes;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ports::StoreError;

use crate::data_dir::DataDir;
use crate::open::Open;

/// Workspaces in the files of one data directory.
pub struct LibsqlStore {
    dir: Arc<DataDir>,
    open: RefCell<BTreeMap<String, Open>>,
    limit: Option<u64>,
}

impl LibsqlStore {
    /// Lock `dir` for this process and serve the workspaces in it. The directory is made if it is not there.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Ok(Self::over(Arc::new(DataDir::lock(dir)?)))
    }

    /// Another store over the same locked directory, for another thread.
    pub fn another(&self) -> Self {
        Self { limit: self.limit, ..Self::over(Arc::clone(&self.dir)) }
    }

    /// The same, with room for so many bytes in each workspace; the disk may have less.
    #[must_use]
    pub fn with_limit(self, bytes: Option<u64>) -> Self {
        Self { limit: bytes, ..self }
    }

    fn over(dir: Arc<DataDir>) -> Self {
        Self { dir, open: RefCell::default(), limit: None }
    }

    /// Close the file of `workspace` until it is used again. It need not be open, nor exist.
    pub fn close(&self, workspace: &str) {
        self.open.borrow_mut().remove(workspace);
    }

    /// Move everything from the write-ahead log of `workspace` into its file, and empty the log.
    pub fn checkpoint(&self, workspace: &str) -> Result<(), StoreError> {
        self.with(workspace, Open::checkpoint)
    }

    /// Go on with `workspace` although the tail of its log was lost: what is stored now counts, and the anchor is
    /// rewritten to it. Whoever calls this has decided that the lost commits cannot be had from elsewhere.
    pub fn accept_lost_tail(&self, workspace: &str) -> Result<(), StoreError> {
        self.with(workspace, Open::accept_lost_tail)
    }

    /// Work on an open workspace. One whose connection can no longer be trusted is closed, and opened at the next use.
    fn with<T>(&self, id: &str, act: impl FnOnce(&mut Open) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut held = self.open.borrow_mut();
        if !held.contains_key(id) {
            held.insert(id.to_owned(), Open::existing(self.dir.files(id)?)?);
        }
        let Some(open) = held.get_mut(id) else { return Err(StoreError::NoWorkspace) };
        let done = act(open);
        if open.is_unsure() {
            held.remove(id);
        }
        done
    }
}
