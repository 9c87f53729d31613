//! The ledger: every request that was made, and the first answer it got.

use super::rule::{Rule, Wrong};
use kernel::id::{CommandId, Id, KeyId};
use kernel::machine::{Identity, Reply, Request};
use kernel::reject::Code;
use std::collections::{BTreeMap, BTreeSet};

/// How a request is told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    Command(CommandId),
    Key(KeyId),
}

/// What really happened outside, as only its runtime knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Truth {
    pub(crate) effect: Id,
    /// The token that it is reported under.
    pub(crate) fence: u64,
    pub(crate) failed: bool,
}

/// Who made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Client(usize),
    Runtime(usize),
}

/// A request, as its sender knows it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) request: Request,
    pub(crate) who: Who,
    /// The first answer.
    pub(crate) reply: Option<Reply>,
    /// It asks for a lease.
    pub(crate) is_lease: bool,
    /// It reports this.
    pub(crate) truth: Option<Truth>,
}

/// Every request there is.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) entries: Vec<Entry>,
    /// Requests whose senders still wait.
    open: BTreeSet<usize>,
    asked: BTreeMap<Asked, Vec<usize>>,
}

impl Ledger {
    pub(crate) fn note(&mut self, who: Who, request: Request, is_lease: bool, truth: Option<Truth>) -> usize {
        let nth = self.entries.len();
        let asked = match &request.identity {
            Identity::Device { command, .. } => Asked::Command(*command),
            Identity::Key { key, .. } => Asked::Key(*key),
        };
        self.asked.entry(asked).or_default().push(nth);
        self.entries.push(Entry { request, who, reply: None, is_lease, truth });
        self.open.insert(nth);
        nth
    }

    /// Requests whose senders still wait.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        self.open.iter().copied().collect()
    }

    pub(crate) fn waits(&self) -> usize {
        self.open.len()
    }

    /// One of those, the one at or behind `from`.
    pub(crate) fn waiting_from(&self, from: usize) -> Option<usize> {
        self.open.range(from..).next().or_else(|| self.open.first()).copied()
    }

    /// Its sender let it go.
    pub(crate) fn drop(&mut self, nth: usize) {
        self.open.remove(&nth);
    }

    /// A client lets everything go that it waits for: it does not know any more that it asked.
    pub(crate) fn drop_all_of(&mut self, client: usize) {
        let entries = &self.entries;
        self.open.retain(|nth| entries.get(*nth).is_none_or(|entry| entry.who != Who::Client(client)));
    }

    /// The requests that were told apart like this.
    pub(crate) fn asked(&self, asked: Asked) -> impl Iterator<Item = &Entry> {
        self.asked.get(&asked).into_iter().flatten().filter_map(|nth| self.entries.get(*nth))
    }

    /// The request was answered. True when this is the first time; wrong when it was answered otherwise before.
    pub(crate) fn answered(&mut self, nth: usize, reply: &Reply) -> Result<bool, Wrong> {
        let Some(entry) = self.entries.get_mut(nth) else { return Rule::Answers.broken("an answer to nothing") };
        self.open.remove(&nth);
        match &entry.reply {
            Some(first) if said(first) == said(reply) => Ok(false),
            Some(first) => {
                Rule::Once.broken(format!("request {nth} was answered {:?} and then {:?}", said(first), said(reply)))
            }
            None => {
                entry.reply = Some(reply.clone());
                Ok(true)
            }
        }
    }
}

/// What every answer to the same request has to say.
fn said(reply: &Reply) -> (CommandId, u64, u32, &[Id], Option<Code>) {
    (reply.command, reply.pos, reply.events, &reply.made, reply.rejected.as_ref().map(|(code, _)| *code))
}
