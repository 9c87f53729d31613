//! The ledger: every request that was made, and the first answer it got.

use kernel::machine::{Reply, Request};
use kernel::reject::Code;

/// A request, as its sender knows it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) request: Request,
    /// The first answer.
    pub(super) reply: Option<Reply>,
    /// It was told "not now", and its sender let it go.
    pub(super) is_dropped: bool,
    /// Which runtime waits for a lease by it.
    pub(super) leases_for: Option<usize>,
}

/// Every request there is.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) entries: Vec<Entry>,
}

impl Ledger {
    pub(super) fn note(&mut self, request: Request, leases_for: Option<usize>) -> usize {
        self.entries.push(Entry { request, reply: None, is_dropped: false, leases_for });
        self.entries.len() - 1
    }

    /// Requests whose senders still wait.
    pub(super) fn waiting(&self) -> Vec<usize> {
        let waits = |entry: &Entry| entry.reply.is_none() && !entry.is_dropped;
        self.entries.iter().enumerate().filter(|(_, entry)| waits(entry)).map(|(nth, _)| nth).collect()
    }

    /// The request was answered. True when this is the first time; an error when it was answered otherwise before.
    pub(super) fn answered(&mut self, nth: usize, reply: &Reply) -> Result<bool, String> {
        let entry = self.entries.get_mut(nth).ok_or("an answer to nothing")?;
        match &entry.reply {
            Some(first) if said(first) == said(reply) => Ok(false),
            Some(first) => Err(format!("request {nth} was answered {first:?} and then {reply:?}")),
            None => {
                entry.reply = Some(reply.clone());
                Ok(true)
            }
        }
    }
}

/// What every answer to the same request has to say.
fn said(reply: &Reply) -> (kernel::id::CommandId, u64, u32, &[kernel::id::Id], Option<Code>) {
    (reply.command, reply.pos, reply.events, &reply.made, reply.rejected.as_ref().map(|(code, _)| *code))
}
