//! A workspace as a machine without I/O: commands go in, replies and commits come out, and what has to be loaded is said.
//!
//! ```text
//!            ┌───────────────────────── the driver (a sequencer) ─────────────────────────┐
//!  command ─►│ execute ──► Reply            batch ──► Batch ──► store ──► committed       │─► replies leave
//!            │    └──► Stop::Load(want) ──► store ──► supply ──► execute again, from start│
//!            └────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! `execute` changes nothing unless it returns a reply. Replies may leave only after the batch that holds their events
//! was committed. When a commit fails the machine is dropped and opened again from the store.

mod admit;
mod ahead;
mod commit;
mod execute;
mod gate;
mod heads;
mod held;
mod insight;
mod record;
mod request;
mod restoring;
mod reveal;
mod room;
mod roots;
mod supply;
mod take;

pub use heads::{Heads, StreamHead};
pub use held::Held;
pub use record::{chunk_address, key_address};
pub use request::{Identity, Moment, Reply, Request};
pub use restoring::Restoring;
pub use reveal::Revealed;
pub use room::Takes;
pub use roots::{over_base, page_row, pages_space, row_hash};
pub use supply::kept_key;
pub use take::{Incoming, Taken, subject_named};

use crate::id::{BlobId, KeyId, WorkspaceId};
use crate::key::{Line, Space};
use crate::map::{Page, PageKey};
use crate::reject::Rejection;
use crate::seal::DataKey;
use crate::state::State;
use crate::storage::{Address, Head, StoredEvent, Write};
use crate::under_way::AsOf;
use crate::view::{Halt, Reader, Want};
use std::collections::BTreeMap;

/// Space of the wrapped data keys: a mutable table beside the log.
pub const KEYS_SPACE: &str = "keys";

/// Space of the chunks of content that is kept apart: beside the log, committed to by it.
pub const BLOBS_SPACE: &str = "blobs";

/// Rows held beyond which a machine forgets what it need not remember.
const ROWS_MAX: usize = 50_000;
/// The same for pages of the state map.
const PAGES_MAX: usize = 20_000;
/// The same for opened data keys.
const KEYS_MAX: usize = 20_000;

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Load this, supply it, and ask again.
    Load(Want),
    /// The command is refused without a record of it.
    Refused(Rejection),
    /// The machine cannot go on: drop it and open it again. Says what it ran into.
    Broken(String),
}

impl From<Want> for Stop {
    fn from(want: Want) -> Self {
        Self::Load(want)
    }
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Load(want) => Self::Load(want),
            Halt::Reject(rejection) => Self::Refused(rejection),
            Halt::Broken(why) => Self::Broken(why),
        }
    }
}

/// A workspace.
#[derive(Debug)]
pub struct Workspace {
    id: WorkspaceId,
    /// Wraps data keys.
    key: [u8; 32],
    epoch: u64,
    /// Position of the stored head.
    stored: u64,
    heads: Heads,
    state: State,
    insight: insight::Insight,
    ahead: ahead::Ahead,
    keys: BTreeMap<KeyId, DataKey>,
    pages: BTreeMap<(Space, PageKey), Page>,
    /// Whether every key changed since the last fold is known.
    pending_known: bool,
    /// Events that carry content asked for.
    carriers: BTreeMap<u64, StoredEvent>,
    /// Content asked for that is kept apart.
    blobs: BTreeMap<BlobId, Vec<u8>>,
    /// What a line was at a position.
    past: Option<(Line, u64, AsOf)>,
    events: Vec<StoredEvent>,
    /// Writes beside the log: wrapped keys, and chunks of content that is kept apart.
    side_writes: BTreeMap<Address, Write>,
    /// Events up to there leave the log with the next commit.
    trim: Option<u64>,
    /// What is taken, as far as there is room.
    takes: Takes,
}

impl Workspace {
    /// Open the workspace whose stored head is `head`; `key` wraps its data keys.
    pub fn open(id: WorkspaceId, key: [u8; 32], head: &Head) -> Result<Self, Stop> {
        let heads = if head.pos == 0 { Heads::default() } else { Heads::decode(&head.value)? };
        if heads.pos() != head.pos {
            return Err(Stop::Broken(format!("the head is at {} and its streams end at {}", head.pos, heads.pos())));
        }
        Ok(Self {
            id,
            key,
            epoch: head.epoch,
            stored: head.pos,
            pending_known: heads.folded == head.pos,
            heads,
            state: State::unloaded(),
            insight: insight::Insight::default(),
            ahead: ahead::Ahead::default(),
            keys: BTreeMap::new(),
            pages: BTreeMap::new(),
            carriers: BTreeMap::new(),
            blobs: BTreeMap::new(),
            past: None,
            events: Vec::new(),
            side_writes: BTreeMap::new(),
            trim: None,
            takes: Takes::Everything,
        })
    }

    /// Its id.
    pub fn id(&self) -> WorkspaceId {
        self.id
    }

    /// The fencing token it commits under.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Position of the last event, committed or not.
    pub fn pos(&self) -> u64 {
        self.heads.pos()
    }

    /// Position of the stored head that it was opened on, or that it committed.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// Where its streams and roots stand.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }

    /// Read `line` and control.
    pub fn read(&self, line: Line) -> Reader<'_, Self> {
        Reader::new(self, line)
    }

    /// Events that wait to be committed.
    pub fn uncommitted(&self) -> &[StoredEvent] {
        &self.events
    }

    /// Whether events wait to be committed.
    pub fn has_uncommitted(&self) -> bool {
        self.pos() > self.stored
    }

    /// Forget everything that can be loaded again. Only between commits.
    pub fn forget(&mut self) {
        if self.has_uncommitted() {
            return;
        }
        self.state.forget();
        self.insight.forget();
        self.keys.clear();
        self.pages.clear();
        self.carriers.clear();
        self.blobs.clear();
        self.past = None;
    }

    fn forget_excess(&mut self) {
        if self.state.len() > ROWS_MAX {
            self.state.forget();
        }
        if self.pages.len() > PAGES_MAX {
            self.pages.clear();
        }
        if self.keys.len() > KEYS_MAX {
            self.keys.clear();
        }
        self.carriers.clear();
        self.blobs.clear();
        self.past = None;
    }
}
