//! What a workspace was at a position, as far as a restore has to know it.

use crate::entity::{Restored, Standing};
use crate::hash::HashText;
use crate::id::{Id, Role};
use crate::key::{Index, Key, Line};
use crate::view::{Halt, Lookup, RANGE_MAX, Reader};
use std::collections::{BTreeMap, BTreeSet};

/// What waits for somebody outside, or for a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnderWay {
    /// Effects that are not settled: they wait for a runtime, are performed, or are tried again later.
    pub effects: BTreeSet<Id>,
    /// Approvals that nobody decided.
    pub approvals: BTreeSet<Id>,
    /// When runs go on by themselves, by their tasks.
    pub timers: BTreeMap<Id, u64>,
}

impl UnderWay {
    /// The indexes of control that say so.
    pub const INDEXES: [Index; 4] = [Index::Due, Index::Expiry, Index::Open, Index::Ready];

    /// Read from keys of control.
    pub fn of(keys: impl IntoIterator<Item = Key>) -> Self {
        let mut it = Self::default();
        keys.into_iter().for_each(|key| it.add(key));
        it
    }

    /// Something that a restore of `line` held: while nobody has decided about it the data wait for it all the same, and no
    /// index says so. A run has its timer in any case.
    pub fn note_held(&mut self, line: Line, id: Id, row: &Restored) {
        let is_open = *row.standing == Standing::Undecided && row.choice.is_none();
        match id.role {
            Role::Effect if is_open && *row.incarnation == line.incarnation => drop(self.effects.insert(id)),
            Role::Approval if is_open && *row.incarnation == line.incarnation => drop(self.approvals.insert(id)),
            _ => {}
        }
    }

    /// What waits now.
    pub fn now<V: Lookup>(read: &Reader<'_, V>) -> Result<Self, Halt> {
        let mut it = Self::default();
        for index in Self::INDEXES {
            let mut after = None;
            loop {
                let page = read.index(index, after.as_ref(), RANGE_MAX)?;
                after = page.last().copied().filter(|_| page.len() == RANGE_MAX);
                page.into_iter().for_each(|key| it.add(key));
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(it)
    }

    fn add(&mut self, key: Key) {
        match key {
            Key::Ready(effect) | Key::Expiry(_, effect) => drop(self.effects.insert(effect)),
            Key::Due(_, id) if id.role == Role::Effect => drop(self.effects.insert(id)),
            Key::Due(at, task) if task.role == Role::Task => drop(self.timers.insert(task, at)),
            Key::Open(approval) => drop(self.approvals.insert(approval)),
            _ => {}
        }
    }
}

/// A line at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// Its root there.
    pub root: HashText,
    /// What waited there.
    pub under_way: UnderWay,
}
