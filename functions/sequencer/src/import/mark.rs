//! The mark of an import: how far it is, in the store.

use crate::{Failure, Sequencer};
use kernel::hash::HashText;
use kernel::id::{BlobId, WorkspaceId};
use kernel::machine::row_hash;
use kernel::seal::{Subject, TransferKey};
use kernel::storage::{Address, Row, Write};
use ports::transfer::{About, ImportStand};
use ports::{Store, StoreError};
use serde::{Deserialize, Serialize};

/// Space of what an import keeps while it is under way.
const SPACE: &str = "import";

/// An import that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Underway {
    /// What the file is about.
    pub(super) about: About,
    /// Hash over its first frame: another file has another.
    begins: HashText,
    /// How many bytes were taken in.
    offset: u64,
    /// Hash over those bytes.
    chain: HashText,
    /// The key of the file, wrapped under the workspace's.
    #[serde(with = "wrapped")]
    key: Vec<u8>,
    /// Which sort of record was taken in last.
    pub(super) sort: Sort,
    /// Where the last key or chunk stands.
    pub(super) last: String,
    /// Whether the sealed units of the next event are kept.
    pub(super) sealed: bool,
    /// How many data keys were made and not destroyed by the events so far.
    pub(super) keys_due: u64,
    /// How many were taken in.
    pub(super) keys: u64,
    /// How many chunks were taken in.
    pub(super) chunks: u64,
}

/// Sorts of records, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    /// Events, with their sealed units.
    Events,
    /// Data keys.
    Keys,
    /// Chunks of large content.
    Chunks,
}

/// The import of `id` that is under way in `store`, if there is one.
pub async fn under_way(store: &dyn Store, id: WorkspaceId) -> Result<Option<Underway>, StoreError> {
    let row = store.rows(&id.to_string(), &[mark()]).await?.into_iter().next().flatten();
    let damaged = |why| StoreError::Damaged { what: format!("the mark of an import: {why}") };
    row.map(|row| serde_json::from_slice(&row.value).map_err(damaged)).transpose()
}

/// Whether what `store` holds of `id` is an import that is under way, and no workspace yet.
pub async fn is_under_way(store: &dyn Store, id: WorkspaceId) -> Result<bool, StoreError> {
    Ok(under_way(store, id).await?.is_some())
}

impl Underway {
    /// An import of which the first frame was taken in.
    pub(super) fn begun(mut about: About, size: usize, chain: HashText, key: Vec<u8>) -> Self {
        // It is of no use here, and the mark is written with every frame.
        about.key.age = None;
        Self {
            about,
            begins: chain,
            offset: size as u64,
            chain,
            key,
            sort: Sort::Events,
            last: String::new(),
            sealed: false,
            keys_due: 0,
            keys: 0,
            chunks: 0,
        }
    }

    /// Whether it is of the file whose first frame has this hash.
    pub(super) fn is_of(&self, begins: &HashText) -> bool {
        self.begins == *begins
    }

    /// Where it stands.
    pub fn stand(&self) -> ImportStand {
        ImportStand { offset: self.offset, complete: false }
    }

    /// Hash over what was taken in.
    pub(super) fn chain(&self) -> &HashText {
        &self.chain
    }

    /// The same after a frame.
    pub(super) fn behind(&self, size: usize, chain: HashText) -> Self {
        Self { offset: self.offset + size as u64, chain, ..self.clone() }
    }

    /// The key of the file.
    pub(super) fn key(&self, workspace_key: &[u8; 32]) -> Result<TransferKey, Failure> {
        let damaged = |_| StoreError::Damaged { what: "the key of an import".to_owned() };
        TransferKey::found(&self.key, self.about.workspace, workspace_key).map_err(|why| damaged(why).into())
    }
}

impl Sequencer {
    /// Commit what was taken in, with the mark as it is now.
    pub(super) async fn keep(&mut self, underway: Underway) -> Result<ImportStand, Failure> {
        let value = serde_json::to_vec(&underway).map_err(|why| StoreError::Unavailable(why.to_string()))?;
        self.workspace.write_aside(mark(), Write::Put(row(value)));
        self.commit().await?;
        // What was loaded for one frame is seldom needed for the next, and there may be any amount of it.
        self.forget();
        let stand = underway.stand();
        self.import = Some(underway);
        Ok(stand)
    }

    /// Rows that an import keeps, at most `limit`, after a key and below another.
    pub(super) async fn kept(&self, after: &str, until: &str, limit: usize) -> Result<Vec<(String, Row)>, StoreError> {
        self.store.range(&self.name(), SPACE, after, until, limit).await
    }

    pub(super) async fn kept_row(&self, at: &Address) -> Result<Option<Row>, StoreError> {
        Ok(self.store.rows(&self.name(), std::slice::from_ref(at)).await?.into_iter().next().flatten())
    }
}

/// The mark itself.
pub(super) fn mark() -> Address {
    Address::new(SPACE, "mark")
}

/// Sealed units that came before their event.
pub(super) fn sealed() -> Address {
    Address::new(SPACE, "sealed")
}

/// Large content that an event brought and that did not come yet.
pub(super) fn blob(id: BlobId) -> Address {
    Address::new(SPACE, format!("blob/{id}"))
}

/// A subject whose content is not there.
pub(super) fn dropped(subject: Subject) -> Address {
    Address::new(SPACE, format!("dropped/{subject}"))
}

/// A row that an import keeps.
pub(super) fn row(value: Vec<u8>) -> Row {
    Row { hash: row_hash(&value), value, since: 0 }
}

/// Address of a row that [`Sequencer::kept`] gave.
pub(super) fn kept_at(key: &str) -> Address {
    Address::new(SPACE, key)
}

/// Bytes in the mark, as a list of numbers; they are few.
mod wrapped {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Vec::deserialize(from)
    }
}
