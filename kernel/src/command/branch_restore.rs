//! `branch.restore`: a branch goes back to an earlier position. Control does not, and nothing is done again by itself.

use super::{Context, Decide, Decision};
use crate::effect::task_of;
use crate::entity::{Approval, Effect, Lease, Standing};
use crate::event::{BranchRestored, HeldItem, TimerEnded, TimerSet, WorkHeld};
use crate::flow::{person, restored};
use crate::id::{Id, Role};
use crate::key::{BranchId, Index, Key, Line};
use crate::machine::Restoring;
use crate::reject::{Code, amount};
use crate::staged::Staged;
use crate::under_way::UnderWay;
use crate::view::{Halt, RANGE_MAX, Reader, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many held things one event names.
const ITEMS_MAX: usize = 256;

/// Go back to what the branch was at a position. What was written since stays in the log, on the line that is left, and
/// undoing it is another restore.
///
/// Control stays as it is, so what was under way needs somebody's word. Leases are over: whoever performs an effect now
/// reports too late. What the data wait for is held until somebody decided what becomes of it; what they do not know, for
/// it was asked for later, is given up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BranchRestore {
    /// The position.
    pub pos: u64,
}

impl Decide for BranchRestore {
    const NAME: &'static str = "branch.restore";
    const SCOPE: &'static str = "branches:restore";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        amount("pos", self.pos)?;
        let restoring = match &with.restoring {
            Some(Ok(restoring)) => restoring,
            Some(Err(rejection)) => return Err(rejection.clone().into()),
            None => return Err(Code::NotFound.because(format!("{} has no past", with.line())).into()),
        };
        let there = Reader::new(with.read.view(), restoring.base.parent);
        let mut found = Found { with, there, now: UnderWay::default(), restoring, items: Vec::new() };
        // Nothing runs anywhere else, so nothing can be under way there.
        if with.line().branch == BranchId::Main {
            found.now = UnderWay::now(&with.read)?;
            found.look()?;
        }
        found.decision()
    }
}

/// What is under way, here and where the branch goes back to.
struct Found<'a, V> {
    with: &'a Context<'a, V>,
    /// Reads the line that is gone back to.
    there: Reader<'a, V>,
    now: UnderWay,
    restoring: &'a Restoring,
    items: Vec<HeldItem>,
}

impl<V: View> Found<'_, V> {
    fn look(&mut self) -> Result<(), Halt> {
        let Restoring { under_way: then, .. } = self.restoring;
        // What an earlier restore holds, and nobody decided about.
        let undecided = restored::undecided(&self.with.read)?;
        let of = |role: Role| undecided.iter().map(|(id, _)| *id).filter(move |id| id.role == role);
        let now = self.now.clone();
        let effects: BTreeSet<Id> = then.effects.iter().chain(&now.effects).copied().chain(of(Role::Effect)).collect();
        for effect in effects {
            self.effect(effect, then.effects.contains(&effect))?;
        }
        let approvals: BTreeSet<Id> =
            then.approvals.iter().chain(&now.approvals).copied().chain(of(Role::Approval)).collect();
        for approval in approvals {
            self.approval(approval, then.approvals.contains(&approval))?;
        }
        let timers: BTreeSet<Id> = then.timers.keys().chain(now.timers.keys()).copied().chain(of(Role::Task)).collect();
        for task in timers {
            let (at, still) = (then.timers.get(&task).copied(), now.timers.get(&task).copied());
            let standing = match (at, still) {
                (None, _) => Standing::Left,
                (Some(_), still) if still == at => Standing::GoesOn,
                (Some(_), _) => Standing::Undecided,
            };
            self.items.push(HeldItem { at: at.or(still), ..item(task, task, standing) });
        }
        Ok(())
    }

    fn effect(&mut self, id: Id, known: bool) -> Result<(), Halt> {
        let read = if known { &self.there } else { &self.with.read };
        let row = match read.data::<Effect>(Key::Effect(id))? {
            Some(row) => Some((row, read.line())),
            None => effect_left(&self.with.read, id)?,
        };
        let (row, line) = row.ok_or_else(|| Halt::Broken(format!("the data of effect {id} are gone")))?;
        let task = task_of(&Reader::new(self.with.read.view(), line), row)?;
        let task = task.ok_or_else(|| Halt::Broken(format!("the task of effect {id} is gone")))?;
        let lease = self.with.read.control::<Lease>(Key::Lease(id))?;
        let standing = if known { Standing::Undecided } else { Standing::Left };
        self.items.push(HeldItem {
            fence: lease.map_or(0, |lease| *lease.fence),
            runtime: lease.map(|lease| *lease.runtime),
            expires_at: lease.map_or(0, |lease| *lease.expires_at),
            ..item(id, task, standing)
        });
        Ok(())
    }

    fn approval(&mut self, id: Id, known: bool) -> Result<(), Halt> {
        let row = self.with.read.control::<Approval>(Key::Approval(id))?;
        let row = row.ok_or_else(|| Halt::Broken(format!("approval {id} is gone")))?;
        let standing = match (known, row.decision.is_none()) {
            (false, _) => Standing::Left,
            // It can still be decided as ever, and the call that waits for it is the same.
            (true, true) => Standing::GoesOn,
            (true, false) => Standing::Undecided,
        };
        self.items.push(item(id, *row.task, standing));
        Ok(())
    }

    /// All of it, in events of control: the line that is left does not change any more.
    fn decision(self) -> Result<Decision, Halt> {
        let Restoring { incarnation, base, under_way: then } = self.restoring;
        let held = self.items.iter().any(|item| item.standing == Standing::Undecided);
        let branch = self.with.line().branch;
        let mut to = Staged::new(self.with);
        to.emit(BranchRestored { branch, incarnation: *incarnation, base: base.clone(), held })?;
        for items in self.items.chunks(ITEMS_MAX) {
            to.emit(WorkHeld { incarnation: *incarnation, items: items.to_vec() })?;
        }
        for id in &self.now.approvals {
            if !then.approvals.contains(id) {
                person::withdraw(&mut to, *id)?;
            }
        }
        self.timers(&mut to)?;
        Ok(to.decision())
    }

    /// The timers of effects end, for those are held. The timers of runs become those that the data wait for.
    fn timers(&self, to: &mut Staged<'_, V>) -> Result<(), Halt> {
        let then = &self.restoring.under_way.timers;
        if self.with.line().branch != BranchId::Main {
            return Ok(());
        }
        let mut after = None;
        loop {
            let page = self.with.read.index(Index::Due, after.as_ref(), RANGE_MAX)?;
            for key in &page {
                let Key::Due(at, id) = *key else { continue };
                let is_stale = match id.role {
                    Role::Effect => true,
                    Role::Task => then.get(&id) != Some(&at),
                    _ => false,
                };
                if is_stale {
                    to.emit(TimerEnded { at, id })?;
                }
            }
            match page.last().filter(|_| page.len() == RANGE_MAX) {
                Some(last) => after = Some(*last),
                None => break,
            }
        }
        for (task, at) in then.iter().filter(|(task, at)| self.now.timers.get(task) != Some(at)) {
            to.emit(TimerSet { at: *at, id: *task })?;
        }
        Ok(())
    }
}

fn item(item: Id, task: Id, standing: Standing) -> HeldItem {
    HeldItem { item, task, standing, fence: 0, runtime: None, expires_at: 0, at: None }
}

/// The lines of a branch that were left, newest first.
pub fn lines_left(line: Line) -> impl Iterator<Item = Line> {
    (0..line.incarnation).rev().map(move |incarnation| Line { incarnation, ..line })
}

/// An effect that the line of `read` does not know, on the newest line left that does.
pub(crate) fn effect_left<'a, V: View>(read: &Reader<'a, V>, effect: Id) -> Result<Option<(&'a Effect, Line)>, Halt> {
    for line in lines_left(read.line()) {
        if let Some(row) = Reader::new(read.view(), line).data::<Effect>(Key::Effect(effect))? {
            return Ok(Some((row, line)));
        }
    }
    Ok(None)
}
