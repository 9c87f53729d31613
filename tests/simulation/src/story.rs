//! What happened in a run: counted, and told.

use kernel::machine::Reply;
use ports::{Conflict, StoreError};
use sequencer::Failure;
use std::collections::BTreeMap;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps: how often the schedule let somebody do something, up to the next call of a store.
    pub steps: u64,
    /// Commands that were decided, each attempt counted.
    pub sent: u64,
    /// Events in the log at its end.
    pub events: u64,
    /// How often what happened: types of events, kinds of answers, things that went wrong.
    pub happened: BTreeMap<String, u64>,
}

impl Counts {
    /// Add what another run came to.
    pub fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.sent += other.sent;
        self.events += other.events;
        for (what, count) in other.happened {
            *self.happened.entry(what).or_default() += count;
        }
    }

    pub(crate) fn note(&mut self, what: &str) {
        match self.happened.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.happened.insert(what.to_owned(), 1)),
        }
    }
}

/// A story that is told, or not: most runs hold, and nobody reads what happened in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    lines: Option<Vec<String>>,
}

impl Story {
    /// One that is told.
    pub(crate) fn told() -> Self {
        Self { lines: Some(Vec::new()) }
    }

    pub(crate) fn line(&mut self, step: u64, what: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{step:>6}  {}", what()));
        }
    }

    pub(crate) fn lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// The kind of an answer.
pub(crate) fn kind(outcome: &Result<Reply, Failure>) -> &'static str {
    match outcome {
        Ok(reply) if reply.known => "answered again",
        Ok(_) => "answered",
        Err(Failure::Refused(_)) => "refused",
        Err(Failure::Store(StoreError::Conflict(Conflict::Fenced { .. }))) => "fenced off",
        Err(Failure::Store(StoreError::Conflict(_))) => "overtaken",
        Err(Failure::Store(_) | Failure::Transfer(..)) => "not answered",
    }
}

pub(crate) fn told(outcome: &Result<Reply, Failure>) -> String {
    match outcome {
        Ok(Reply { command, pos, rejected: Some((code, _)), known, .. }) => {
            format!("{} at {pos} as {command}{}", code.name(), if *known { ", known" } else { "" })
        }
        Ok(Reply { command, pos, known, .. }) => {
            format!("accepted at {pos} as {command}{}", if *known { ", known" } else { "" })
        }
        Err(Failure::Refused(rejection)) => format!("refused, {}", rejection.code.name()),
        Err(Failure::Store(error)) => format!("failed, {error}"),
        Err(Failure::Transfer(fault, why)) => format!("not carried over, {fault:?}: {why}"),
    }
}
