//! What has to hold of a log, and of a log and a ledger together.

use super::ledger::Ledger;
use kernel::event::{Closing, EventData, First, Header};
use kernel::id::{CommandId, Id, KeyId};
use kernel::machine::Identity;
use kernel::storage::StoredEvent;
use std::collections::{BTreeMap, BTreeSet};

/// A log as read from its first event.
#[derive(Debug, Default)]
pub(super) struct Read {
    seqs: BTreeMap<String, u64>,
    commands: BTreeMap<CommandId, (u64, First)>,
    keys: BTreeSet<KeyId>,
    /// The newest fencing token of each effect.
    fences: BTreeMap<Id, u64>,
    settled: BTreeSet<Id>,
    decided: BTreeSet<Id>,
}

/// Read `events` and refuse what must never be in a log.
pub(super) fn read(events: &[StoredEvent]) -> Result<Read, String> {
    let mut read = Read::default();
    for (nth, event) in events.iter().enumerate() {
        if event.pos != nth as u64 + 1 {
            return Err(format!("event {} stands where {} has to", event.pos, nth + 1));
        }
        let seq = read.seqs.entry(event.stream.clone()).or_default();
        *seq += 1;
        if event.seq != *seq {
            return Err(format!("event {} is {} of {}, where {seq} comes next", event.pos, event.seq, event.stream));
        }
        let (header, data) = Header::decode(&event.body).map_err(|why| format!("event {}: {why}", event.pos))?;
        read.command(event.pos, &header)?;
        read.lease(event.pos, &data)?;
    }
    Ok(read)
}

impl Read {
    fn command(&mut self, pos: u64, header: &Header) -> Result<(), String> {
        let Some(first) = &header.first else { return Ok(()) };
        if let Some((before, _)) = self.commands.insert(header.command, (pos, first.clone())) {
            return Err(format!("command {} is in the log twice, at {before} and {pos}", header.command));
        }
        if first.idempotency.is_some_and(|key| !self.keys.insert(key)) {
            return Err(format!("the request of command {} is in the log twice, at {pos} again", header.command));
        }
        Ok(())
    }

    fn lease(&mut self, pos: u64, data: &EventData) -> Result<(), String> {
        match data {
            EventData::LeaseGranted(granted) => {
                let fence = self.fences.entry(granted.effect).or_default();
                if granted.fence <= *fence {
                    return Err(format!("event {pos} grants token {} after {fence}", granted.fence));
                }
                *fence = granted.fence;
                if self.settled.contains(&granted.effect) {
                    return Err(format!("event {pos} leases {}, which is settled", granted.effect));
                }
            }
            EventData::ApprovalDecided(decided) if !self.decided.insert(decided.approval) => {
                return Err(format!("event {pos} decides {} a second time", decided.approval));
            }
            EventData::StepSettled(it) => self.settle(pos, it.effect, it.fence)?,
            EventData::TurnAnswered(it) => self.close(pos, &it.closing)?,
            EventData::EffectClosed(it) => self.close(pos, &it.closing)?,
            EventData::CallSettled(it) => it.closing.iter().try_for_each(|closing| self.close(pos, closing))?,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, pos: u64, closing: &Closing) -> Result<(), String> {
        self.settle(pos, closing.effect, closing.fence)
    }

    fn settle(&mut self, pos: u64, effect: Id, fence: u64) -> Result<(), String> {
        if !self.settled.insert(effect) {
            return Err(format!("event {pos} settles {effect} a second time"));
        }
        // Nobody holds a token of what was never leased.
        if self.fences.get(&effect).copied().unwrap_or(0) != fence {
            return Err(format!("event {pos} settles {effect} under an old token"));
        }
        Ok(())
    }

    /// Everything that was answered is in the log, once, where the answer says; nothing else is.
    pub(super) fn agrees_with(&self, ledger: &Ledger) -> Result<(), String> {
        for (nth, entry) in ledger.entries.iter().enumerate() {
            let Some(reply) = &entry.reply else { continue };
            let Some((pos, first)) = self.commands.get(&reply.command) else {
                return Err(format!("request {nth} was answered and is not in the log: {}", reply.command));
            };
            if (*pos, first.events, first.hash) != (reply.pos, reply.events, entry.request.hash) {
                return Err(format!("request {nth} was answered with {reply:?}; the log has {first:?} at {pos}"));
            }
        }
        let made = |entry: &super::ledger::Entry| match &entry.request.identity {
            Identity::Device { command, .. } => Ok(*command),
            Identity::Key { key, .. } => Err(*key),
        };
        let asked: BTreeSet<_> = ledger.entries.iter().map(made).collect();
        let unasked = self
            .commands
            .iter()
            .find(|(command, (_, first))| !asked.contains(&first.idempotency.map_or(Ok(**command), Err)));
        unasked.map_or(Ok(()), |(command, _)| Err(format!("nobody sent command {command}")))
    }
}
