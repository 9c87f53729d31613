//! The storage port: an event log with a head and ordered rows, per workspace.

mod shape;
pub mod shared;

pub use shape::{refuse_malformed, refuse_other_head};

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use std::collections::BTreeMap;

/// Why a commit was refused without writing anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The stored head has another position: somebody else committed. Load again and decide again.
    Head {
        /// Position of the stored head.
        stored: u64,
    },
    /// The stored head has another fencing token: another writer claimed the workspace. Stop writing.
    Fenced {
        /// Token of the stored head.
        stored: u64,
    },
    /// An address that had to be free is taken: this command was committed before.
    Taken(Address),
}

/// What can go wrong in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The commit was refused; nothing was written.
    Conflict(Conflict),
    /// The workspace does not exist.
    NoWorkspace,
    /// The workspace exists already.
    Exists,
    /// A stored value is not what was written. `what` names it exactly; nothing may be decided on it.
    Damaged {
        /// The damaged thing: address, event position or file.
        what: String,
    },
    /// A value is larger than the store accepts; nothing was written.
    TooLarge {
        /// The value's address or event position.
        what: String,
        /// Its size in bytes.
        bytes: usize,
    },
    /// The store could not answer. Whether a commit took effect is unknown: read the head again.
    Unavailable(String),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conflict(Conflict::Head { stored }) => write!(f, "the head moved to position {stored}"),
            Self::Conflict(Conflict::Fenced { stored }) => {
                write!(f, "another writer holds the workspace (token {stored})")
            }
            Self::Conflict(Conflict::Taken(at)) => write!(f, "{}/{} is taken", at.space, at.key),
            Self::NoWorkspace => f.write_str("the workspace does not exist"),
            Self::Exists => f.write_str("the workspace exists already"),
            Self::Damaged { what } => write!(f, "damaged: {what}"),
            Self::TooLarge { what, bytes } => write!(f, "{what} has {bytes} bytes, more than a row may have"),
            Self::Unavailable(why) => write!(f, "the store could not answer: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// Bytes taken, of what the limit is for: a file, an object, or a database that holds more than this workspace.
    pub used: u64,
    /// Most bytes there may be; none where nothing is known to be one.
    pub limit: Option<u64>,
}

/// Bytes of values, without what the store itself needs for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Of events that are not packed: bodies, and what is sealed.
    pub log: u64,
    /// Of rows, by space.
    pub spaces: BTreeMap<String, u64>,
}

/// An event log with a head and ordered rows, for many workspaces. `workspace` is the id's text.
///
/// What must hold: a commit is atomic, durable before it returns, and compares head position and fencing token;
/// reads see every commit that returned before they began; workspaces never touch each other.
#[async_trait(?Send)]
pub trait Store {
    /// Create a workspace with an empty log: head at position 0, epoch 0, empty value.
    async fn create(&self, workspace: &str) -> Result<(), StoreError>;

    /// Remove a workspace and everything in it, whatever it holds by now.
    async fn delete(&self, workspace: &str) -> Result<(), StoreError>;

    /// Remove a workspace and everything in it, if its head is still at `pos` under the token `epoch`. Otherwise it is
    /// refused as a commit would be, and everything stays. Between comparing and removing nobody commits.
    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError>;

    /// Ids of the workspaces here, ordered.
    async fn workspaces(&self) -> Result<Vec<String>, StoreError>;

    /// Take ownership: raise the fencing token by one and return the head with it.
    async fn claim(&self, workspace: &str) -> Result<Head, StoreError>;

    /// The head as stored.
    async fn head(&self, workspace: &str) -> Result<Head, StoreError>;

    /// The rows at `addresses`, in that order; `None` where there is none. A row whose hash does not fit is `Damaged`.
    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError>;

    /// Rows of `space` with `after < key < until`, ordered, at most `limit`.
    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError>;

    /// Names of the spaces that hold rows, ordered.
    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError>;

    /// Events with `pos > after`, ordered, at most `limit`.
    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Commit `batch` as stated on [`Batch`].
    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError>;

    /// Forget the ciphertexts of one event whose key was destroyed. Neither body nor hash changes.
    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError>;

    /// How much room there is. Cheap: it may be asked with every few commits. A store that cannot tell says nothing.
    async fn space(&self, _workspace: &str) -> Result<Space, StoreError> {
        Ok(Space::default())
    }

    /// What takes the room, as far as the store can tell. It may look at everything there is.
    async fn sizes(&self, _workspace: &str) -> Result<Sizes, StoreError> {
        Ok(Sizes::default())
    }

    /// Look for damage the rows' and events' own hashes cannot show (file structure, lost tail); names each finding.
    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError>;
}
