//! The log as it grows: every event is read once, right behind the commit that brought it.

use super::clients::Known;
use super::ledger::{Asked, Ledger, Truth};
use super::rule::{Held, Rule, Wrong};
use kernel::event::{CallOutcome, Closing, EventData, First, Header, Outcome, Place};
use kernel::id::{BootId, CommandId, Id, KeyId};
use kernel::key::{BranchId, Key, Space};
use kernel::machine::Reply;
use kernel::storage::StoredEvent;
use std::collections::{BTreeMap, BTreeSet};

/// A log as read from its first event.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) pos: u64,
    last: [u8; 32],
    seqs: BTreeMap<String, u64>,
    commands: BTreeMap<CommandId, (u64, First)>,
    keys: BTreeSet<KeyId>,
    /// The command whose events are being read, and how many of them are still to come.
    reading: Option<Reading>,
    /// The newest fencing token of each effect.
    fences: BTreeMap<Id, u64>,
    /// By the incarnation of main that it happened on, where effects were settled.
    settled: BTreeMap<Id, Vec<(u32, u64)>>,
    /// What incarnations of main stand on.
    bases: Vec<Option<(u32, u64)>>,
    decided: BTreeSet<Id>,
    /// What commands were granted.
    pub(crate) granted: BTreeMap<CommandId, (Id, u64, BootId)>,
    /// Keys that events named, by position, since they were last asked for.
    pub(crate) named: BTreeMap<u64, Vec<(Space, Key)>>,
    /// How often there was which type of event.
    pub(crate) types: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Reading {
    command: CommandId,
    left: u32,
    truth: Option<Truth>,
    /// The token that was the newest when it began.
    newest: u64,
    is_rejected: bool,
    is_late: bool,
    /// It took the outcome for a success.
    has_done: bool,
}

impl Log {
    /// Read on.
    pub(crate) fn read(&mut self, events: &[StoredEvent], ledger: &Ledger, known: &mut Known) -> Held {
        for event in events {
            self.place(event)?;
            let (header, data) =
                Header::decode(&event.body).map_err(|why| Rule::Damage.by(format!("event {}: {why}", event.pos)))?;
            self.command(event.pos, &header, ledger)?;
            self.judge(event.pos, &header, &data)?;
            known.see(event.pos, &data);
            self.end(event.pos, known)?;
            let line = header.line();
            let named = header.places(&data).into_iter().map(|place| match place {
                Place::Control(key) => (Space::Control, key),
                Place::Data(key) => (Space::Data(line), key),
            });
            self.named.insert(event.pos, named.collect());
            *self.types.entry(header.name.into_owned()).or_default() += 1;
            self.last = event.hash;
        }
        Ok(())
    }

    /// Commits hold whole commands.
    pub(crate) fn is_whole(&self) -> Held {
        match &self.reading {
            Some(it) => Rule::Whole.broken(format!("{} events of {} are not in the log", it.left, it.command)),
            None => Ok(()),
        }
    }

    /// The event at the end is the one that was read.
    pub(crate) fn ends_as(&self, last: Option<&StoredEvent>) -> Held {
        let same = last.map_or(self.pos == 0, |last| last.pos == self.pos && last.hash == self.last);
        Rule::Acknowledged.must(same, || format!("event {} was in the log and is not there any more", self.pos))
    }

    fn place(&mut self, event: &StoredEvent) -> Held {
        let order = |holds, what: String| Rule::Order.must(holds, || what);
        order(event.pos == self.pos + 1, format!("event {} stands where {} has to", event.pos, self.pos + 1))?;
        self.pos = event.pos;
        let seq = self.seqs.entry(event.stream.clone()).or_default();
        *seq += 1;
        let seq = *seq;
        order(
            event.seq == seq,
            format!("event {} is {} of {}, where {seq} comes next", event.pos, event.seq, event.stream),
        )
    }

    fn command(&mut self, pos: u64, header: &Header, ledger: &Ledger) -> Held {
        let Some(first) = &header.first else {
            let same = self.reading.as_ref().is_some_and(|it| it.command == header.command);
            return Rule::Whole
                .must(same, || format!("event {pos} is of {}, whose first event is not before it", header.command));
        };
        self.is_whole()?;
        let asked = first.idempotency.map_or(Asked::Command(header.command), Asked::Key);
        if let Some((before, _)) = self.commands.insert(header.command, (pos, first.clone())) {
            return Rule::Once.broken(format!("command {} is in the log twice, at {before} and {pos}", header.command));
        }
        if first.idempotency.is_some_and(|key| !self.keys.insert(key)) {
            return Rule::Once.broken(format!("the request of {} is in the log twice, at {pos} again", header.command));
        }
        let Some(entry) = ledger.asked(asked).find(|entry| entry.request.hash == first.hash) else {
            return Rule::Whole.broken(format!("nobody sent command {} at {pos}", header.command));
        };
        let truth = entry.truth;
        let newest = truth.and_then(|truth| self.fences.get(&truth.effect).copied()).unwrap_or_default();
        let command = header.command;
        let (is_rejected, is_late, has_done) = (false, false, false);
        self.reading = Some(Reading { command, left: first.events, truth, newest, is_rejected, is_late, has_done });
        Ok(())
    }

    fn judge(&mut self, pos: u64, header: &Header, data: &EventData) -> Held {
        match data {
            EventData::CommandRejected(_) => {
                if let Some(it) = &mut self.reading {
                    it.is_rejected = true;
                    let alone = it.left == 1 && header.stream == Space::Control;
                    return Rule::Refused.must(alone, || format!("event {pos} rejects a command that does more"));
                }
            }
            EventData::ReportLate(_) => self.note(|it| it.is_late = true),
            EventData::LeaseGranted(granted) => {
                let effect = granted.effect;
                let fence = self.fences.entry(effect).or_default();
                let before = std::mem::replace(fence, granted.fence);
                let what = || format!("event {pos} grants token {} after {before}", granted.fence);
                Rule::Fencing.must(granted.fence > before, what)?;
                let settled = self.is_settled(effect);
                Rule::Once.must(!settled, || format!("event {pos} leases {effect}, which is settled"))?;
                self.granted.insert(header.command, (effect, granted.fence, granted.boot));
            }
            EventData::ApprovalDecided(it) => {
                let first = self.decided.insert(it.approval);
                return Rule::UsedApprovals
                    .must(first, || format!("event {pos} decides {} a second time", it.approval));
            }
            EventData::BranchRestored(it) if it.branch == BranchId::Main => {
                self.bases.resize(self.bases.len().max(1), None);
                let next = self.bases.len() as u32;
                let what = || format!("event {pos} begins incarnation {} where {next} comes next", it.incarnation);
                Rule::Incarnations.must(it.incarnation == next, what)?;
                self.bases.push(Some((it.base.parent.incarnation, it.base.pos)));
            }
            EventData::StepSettled(it) => {
                let done = matches!(it.outcome, Outcome::Answered { .. } | Outcome::Returned { .. });
                self.settles(pos, it.effect, it.fence, done)?;
            }
            EventData::TurnAnswered(it) => self.closes(pos, &it.closing, !it.taken)?,
            EventData::EffectClosed(it) => self.closes(pos, &it.closing, false)?,
            EventData::CallSettled(it) => {
                let done = matches!(it.outcome, CallOutcome::Done { .. });
                it.closing.iter().try_for_each(|closing| self.closes(pos, closing, done))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, it: impl FnOnce(&mut Reading)) {
        self.reading.as_mut().map(it).unwrap_or_default();
    }

    fn closes(&mut self, pos: u64, closing: &Closing, done: bool) -> Held {
        self.settles(pos, closing.effect, closing.fence, done)
    }

    fn settles(&mut self, pos: u64, effect: Id, fence: u64, done: bool) -> Held {
        Rule::Once.must(!self.is_settled(effect), || format!("event {pos} settles {effect} a second time"))?;
        // Nobody holds a token of what was never leased.
        let newest = self.fences.get(&effect).copied().unwrap_or_default();
        Rule::Late
            .must(newest == fence, || format!("event {pos} settles {effect} under token {fence}, not {newest}"))?;
        let line = self.bases.len().max(1) as u32 - 1;
        self.settled.entry(effect).or_default().push((line, pos));
        self.note(|it| it.has_done |= done && it.truth.is_some_and(|truth| truth.effect == effect));
        Ok(())
    }

    /// Whether the effect is settled on the line that main is on: there, or before it on what that stands on.
    fn is_settled(&self, effect: Id) -> bool {
        let Some(settled) = self.settled.get(&effect) else { return false };
        let (mut line, mut until) = (self.bases.len().max(1) as u32 - 1, u64::MAX);
        loop {
            if settled.iter().any(|(on, pos)| *on == line && *pos <= until) {
                return true;
            }
            let Some((parent, pos)) = self.bases.get(line as usize).copied().flatten() else { return false };
            (line, until) = (parent, until.min(pos));
        }
    }

    /// An event was read; was it the last of its command?
    fn end(&mut self, pos: u64, known: &mut Known) -> Held {
        let Some(it) = &mut self.reading else { return Ok(()) };
        it.left = it.left.saturating_sub(1);
        if it.left > 0 {
            return Ok(());
        }
        known.ends.push(pos);
        let Some(it) = self.reading.take() else { return Ok(()) };
        let Some(truth) = it.truth.filter(|_| !it.is_rejected) else { return Ok(()) };
        let late = || format!("{} reports {} under token {} of {}", it.command, truth.effect, truth.fence, it.newest);
        Rule::Late.must(it.is_late || truth.fence == it.newest, late)?;
        let lied = || format!("{} failed outside, and event {pos} says that it went well", truth.effect);
        Rule::Reasons.must(!truth.failed || it.is_late || !it.has_done, lied)
    }

    /// What was answered is in the log, where the answer says.
    pub(crate) fn has(&self, nth: usize, reply: &Reply, hash: kernel::hash::HashText) -> Result<(), Wrong> {
        let Some((pos, first)) = self.commands.get(&reply.command) else {
            return Rule::Acknowledged
                .broken(format!("request {nth} was answered and is not in the log: {}", reply.command));
        };
        let same = (*pos, first.events, first.hash) == (reply.pos, reply.events, hash);
        let what = || {
            format!(
                "request {nth} was answered with {} events at {}; the log has {first:?} at {pos}",
                reply.events, reply.pos
            )
        };
        Rule::Once.must(same, what)
    }
}
