//! What is asked of a sequencer elsewhere, as bytes: one JSON object there, one back.
//!
//! Functions of one host talk like this among themselves, over whatever the host has between them: a Durable Object's
//! stub, a service binding, HTTP on a private network. It is no public interface. Both ends are of one version, and
//! whoever may speak here is trusted by where it stands, so nothing of it is authenticated.

use crate::history::HistoryAsk;
use crate::live::LiveDelta;
use crate::problem::{Problem, unreadable};
use crate::read_models::ModelsAsk;
use crate::sequencing::{EventView, SequencingError};
use crate::transfer::{ExportAsk, ImportAsk};
use crate::views::Query;
use bytes::Bytes;
use kernel::command::Command;
use kernel::hash::HashText;
use kernel::id::{CommandId, Id};
use kernel::key::BranchId;
use kernel::machine::{Identity, Reply, Request};
use kernel::reject::Rejection;
use kernel::storage::StoredEvent;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a sequencer is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Make an empty workspace; one that exists is left as it is. Answered by nothing.
    Create,
    /// Decide and commit. Answered by a list with an [`Answered<Replied>`] for each.
    Submit(Vec<Sent>),
    /// Wait until the log is beyond a position, or milliseconds are over. Answered by the position of the last event.
    Moved {
        /// The position.
        after: u64,
        /// How long to wait.
        wait_ms: u64,
    },
    /// Wait until a task does not go on by itself, or milliseconds are over. Answered by the task, if there is one.
    Settled {
        /// The task.
        task: Id,
        /// How long to wait.
        wait_ms: u64,
    },
    /// Hand pieces of answers to those who watch. Answered by nothing.
    Live(Vec<LiveDelta>),
    /// Do something about an import. Answered by where it stands.
    Import(ImportAsk),
    /// Make a snapshot, or find the one that is of the workspace as it is. Answered by it.
    Snapshot {
        /// Of all rows, whatever the one before says.
        whole: bool,
    },
    /// Pack what may be packed, and remove what nothing refers to. Answered by what that came to.
    Compact,
    /// Ask the read models that a projector keeps, and have them brought further for it. Answered by the view.
    Models(ModelsAsk),
    /// Look at what is there now.
    Look(Look),
}

/// What can be looked at. Nothing of it waits or writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Committed events after a position, so many at most: a list of [`Told`].
    Events(u64, usize),
    /// Where the workspace stands.
    Describe,
    /// A task, if there is one.
    Task(Id),
    /// A read model.
    Read(Query),
    /// Effects that wait for a runtime, so many at most.
    Due(usize),
    /// A leased effect, if there is one.
    Effect(Id),
    /// The next slice of the workspace as a file.
    Export(ExportAsk),
    /// The snapshots there are.
    Snapshots,
    /// How much room there is, and what takes it.
    Space,
    /// The next slice of an answer about the past.
    History(HistoryAsk),
}

/// An answer as it is written.
pub type Answered<T> = Result<T, SequencingError>;

/// Read what is asked.
pub fn read(body: &[u8]) -> Result<Ask, Problem> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error).within("this is nothing a sequencer is asked"))
}

/// Write what is asked.
pub fn ask(ask: &Ask) -> Answered<Bytes> {
    serde_json::to_vec(ask).map(Bytes::from).map_err(|why| unwritten(&why))
}

/// Write an answer.
pub fn answer<T: Serialize>(answer: &Answered<T>) -> Bytes {
    let written = serde_json::to_vec(answer);
    let written = written.or_else(|why| serde_json::to_vec(&Err::<(), _>(unwritten(&why))));
    // The second is two texts, which always have a JSON form.
    written.unwrap_or_default().into()
}

/// Read an answer. One that cannot be read is none: what was asked for may have happened.
pub fn answered<T: DeserializeOwned>(body: &[u8]) -> Answered<T> {
    let unread = |why| SequencingError::Unavailable(format!("the sequencer's answer cannot be read: {why}"));
    serde_json::from_slice::<Answered<T>>(body).map_err(unread)?
}

fn unwritten(why: &serde_json::Error) -> SequencingError {
    SequencingError::Unavailable(format!("this cannot be written: {why}"))
}

/// A request on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sent {
    identity: Identity,
    hash: HashText,
    actor: String,
    on_behalf_of: Vec<String>,
    authored_ms: u64,
    branch: BranchId,
    command: String,
    data: Box<RawValue>,
}

impl Sent {
    /// `request` as it is sent.
    pub fn of(request: &Request) -> Answered<Self> {
        let data = request.command.data().and_then(RawValue::from_string).map_err(|why| unwritten(&why))?;
        Ok(Self {
            identity: request.identity.clone(),
            hash: request.hash,
            actor: request.actor.clone(),
            on_behalf_of: request.on_behalf_of.clone(),
            authored_ms: request.authored_ms,
            branch: request.branch,
            command: request.command.name().to_owned(),
            data,
        })
    }

    /// Whether it is the command of that name.
    pub fn is(&self, name: &str) -> bool {
        self.command == name
    }

    /// The request that was sent.
    pub fn request(self) -> Answered<Request> {
        let command = Command::parse(&self.command, self.data.get());
        let command = command.map_err(|why| SequencingError::Unavailable(format!("{}: {why:?}", self.command)))?;
        let Self { identity, hash, actor, on_behalf_of, authored_ms, branch, .. } = self;
        Ok(Request { identity, hash, actor, on_behalf_of, authored_ms, branch, command })
    }
}

/// A reply on its way.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replied {
    command: CommandId,
    pos: u64,
    events: u32,
    rejected: Option<Rejection>,
    made: Vec<Id>,
    known: bool,
}

/// Every so many events whoever decided looks whether something is due beside commands.
const MARK: u64 = 256;

impl Replied {
    /// Whether its events pass a mark in the log at which to look whether something is due beside commands.
    pub fn passes_a_mark(&self) -> bool {
        let (before, last) = (self.pos.saturating_sub(1), self.pos.saturating_add(u64::from(self.events)));
        !self.known && last.saturating_sub(1) / MARK != before / MARK
    }
}

impl From<Reply> for Replied {
    fn from(reply: Reply) -> Self {
        let Reply { command, pos, events, rejected, made, known } = reply;
        let rejected = rejected.map(|(code, detail)| Rejection { code, detail });
        Self { command, pos, events, rejected, made, known }
    }
}

impl From<Replied> for Reply {
    fn from(replied: Replied) -> Self {
        let Replied { command, pos, events, rejected, made, known } = replied;
        let rejected = rejected.map(|rejection| (rejection.code, rejection.detail));
        Self { command, pos, events, rejected, made, known }
    }
}

/// An event on its way. Its ciphertexts stay where they are: what could be opened was opened.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    pos: u64,
    stream: String,
    seq: u64,
    body: Box<RawValue>,
    hash: HashText,
    content: BTreeMap<String, Option<String>>,
}

impl Told {
    /// `view` as it is told.
    pub fn of(view: EventView) -> Answered<Self> {
        let EventView { event, content } = view;
        let StoredEvent { pos, stream, seq, body, hash, .. } = event;
        let damaged = |why: String| SequencingError::Damaged(format!("event {pos} is not JSON: {why}"));
        let body = String::from_utf8(body).map_err(|why| damaged(why.to_string()))?;
        let body = RawValue::from_string(body).map_err(|why| damaged(why.to_string()))?;
        Ok(Self { pos, stream, seq, body, hash: HashText(hash), content })
    }
}

impl From<Told> for EventView {
    fn from(told: Told) -> Self {
        let Told { pos, stream, seq, body, hash, content } = told;
        let body = String::from(Box::<str>::from(body)).into_bytes();
        Self { event: StoredEvent { pos, stream, seq, body, hash: hash.0, sealed: Vec::new() }, content }
    }
}
