//! What nothing may ever turn back: each row of control is held against what it was before, item by item.

use super::disk::Written;
use super::log::Log;
use super::rule::{Held, Rule, Wrong};
use kernel::entity::{Entity, LeaseStatus};
use kernel::key::{Key, Space};
use kernel::machine::KEYS_SPACE;
use kernel::storage::{Address, Row};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The rows of control and what stands beside them, as they were last written.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    rows: HashMap<String, (Entity, u64)>,
    aliases: HashMap<String, Vec<u8>>,
    /// Wrapped keys that were there once and are gone.
    gone: HashSet<String>,
}

impl Facts {
    /// These rows were written together.
    pub(crate) fn note(&mut self, written: Vec<Written>, log: &Log) -> Held {
        for (at, row) in written {
            match at.space.as_str() {
                "control" => self.control(&at, row, log)?,
                "dedupe" => self.alias(&at, row)?,
                KEYS_SPACE => self.wrapped(at.key, row.is_some())?,
                _ => is_named(&at, row.as_ref(), log)?,
            }
        }
        Ok(())
    }

    fn control(&mut self, at: &Address, row: Option<Row>, log: &Log) -> Held {
        let Ok(key) = at.key.parse::<Key>() else { return Rule::Whole.broken(format!("row {} is nothing", at.key)) };
        // Entries of indexes come and go.
        if matches!(key, Key::Due(..) | Key::Expiry(..) | Key::Leased(..) | Key::Open(_) | Key::Ready(_)) {
            return Ok(());
        }
        let before = self.rows.get(&at.key);
        let Some(row) = row else {
            let may = before.is_none_or(|(before, _)| matches!(before, Entity::Move(it) if it.left.is_none()));
            self.rows.remove(&at.key);
            return rule_of(&key).must(may, || format!("row {} is gone", at.key));
        };
        let Ok(now) = Entity::decode(&key, &row.value) else {
            return Rule::Damage.broken(format!("row {} cannot be read", at.key));
        };
        if let Some((before, since)) = before.filter(|(before, _)| *before != now) {
            goes_on(&key, before, &now)?;
            rule_of(&key)
                .must(row.since > *since, || format!("row {} is of event {}, after {since}", at.key, row.since))?;
        }
        is_named(at, Some(&row), log)?;
        self.rows.insert(at.key.clone(), (now, row.since));
        Ok(())
    }

    fn alias(&mut self, at: &Address, row: Option<Row>) -> Held {
        let before = self.aliases.get(&at.key);
        let Some(row) = row else { return Rule::Dedupe.must(before.is_none(), || format!("{} is forgotten", at.key)) };
        let same = before.is_none_or(|before| *before == row.value);
        Rule::Dedupe.must(same, || format!("{} stands for another command", at.key))?;
        self.aliases.insert(at.key.clone(), row.value);
        Ok(())
    }

    fn wrapped(&mut self, key: String, is_there: bool) -> Held {
        if !is_there {
            self.gone.insert(key);
            return Ok(());
        }
        Rule::DestroyedKeys.must(!self.gone.contains(&key), || format!("the wrapped key {key} is there again"))
    }
}

/// The same for whoever has all rows at hand.
#[derive(Debug, Default)]
pub struct ControlFacts {
    facts: Facts,
    rows: BTreeMap<Address, Row>,
}

impl ControlFacts {
    /// These are all rows now: nothing of control went back since they were looked at last.
    pub fn look(&mut self, rows: &[(Address, Row)]) -> Result<(), Wrong> {
        let mut before = std::mem::take(&mut self.rows);
        let mut written = Vec::new();
        for (at, row) in rows.iter().filter(|(at, _)| ["control", "dedupe", KEYS_SPACE].contains(&at.space.as_str())) {
            if before.remove(at).as_ref() != Some(row) {
                written.push((at.clone(), Some(row.clone())));
            }
            self.rows.insert(at.clone(), row.clone());
        }
        written.extend(before.into_keys().map(|at| (at, None)));
        self.facts.note(written, &Log::default())
    }
}

/// The row is of an event that names it.
fn is_named(at: &Address, row: Option<&Row>, log: &Log) -> Held {
    let (Some(row), Ok(space), Ok(key)) = (row, at.space.parse::<Space>(), at.key.parse::<Key>()) else {
        return Ok(());
    };
    if matches!(space, Space::Kept(_)) {
        return Ok(());
    }
    // Rows that stood there before are written again with what they were of.
    let Some(named) = log.named.get(&row.since) else { return Ok(()) };
    let rule = if matches!(space, Space::Control) { rule_of(&key) } else { Rule::Refused };
    let here = named.iter().any(|(of, one)| *one == key && (*of == space || matches!(space, Space::Data(_))));
    rule.must(here, || format!("row {}/{} is of event {}, which does not name it", at.space, at.key, row.since))
}

/// The item that a row of control belongs to.
fn rule_of(key: &Key) -> Rule {
    match key {
        Key::Egress => Rule::Policy,
        Key::Device(_) => Rule::Grants,
        Key::Runtime(_) => Rule::Revocations,
        Key::Subject(_) => Rule::DestroyedKeys,
        Key::Approval(_) | Key::Restored(_) => Rule::UsedApprovals,
        Key::Usage(_) => Rule::Spend,
        Key::Lease(_) => Rule::Fencing,
        Key::Command(_) => Rule::Dedupe,
        Key::Branch(_) | Key::Chain(..) => Rule::Incarnations,
        Key::Move | Key::Origin => Rule::Ownership,
        _ => Rule::Refused,
    }
}

/// What a row was before and what it is now: none of it went back.
fn goes_on(key: &Key, before: &Entity, now: &Entity) -> Held {
    let (rule, holds) = match (before, now) {
        (Entity::Device(before), Entity::Device(now)) => (Rule::Grants, before == now),
        (Entity::DataKey(before), Entity::DataKey(now)) => {
            let same = before.key == now.key && before.check == now.check;
            (Rule::DestroyedKeys, same && *now.destroyed >= *before.destroyed)
        }
        (Entity::Approval(before), Entity::Approval(now)) => {
            (Rule::UsedApprovals, before.decision.is_none() || before.decision == now.decision)
        }
        (Entity::Usage(before), Entity::Usage(now)) => {
            let pairs = [
                (before.calls.0, now.calls.0),
                (before.input_tokens.0, now.input_tokens.0),
                (before.output_tokens.0, now.output_tokens.0),
                (before.cost_micros.0, now.cost_micros.0),
            ];
            (Rule::Spend, pairs.iter().all(|(before, now)| before <= now))
        }
        (Entity::Lease(before), Entity::Lease(now)) => {
            let counts = [(*before.fence, *now.fence), (before.lost.0, now.lost.0), (before.late.0, now.late.0)];
            let rises = counts.iter().all(|(before, now)| before <= now);
            let is_over = *before.status != LeaseStatus::Held;
            let held_again = is_over && *now.status == LeaseStatus::Held && now.fence == before.fence;
            (Rule::Fencing, rises && !held_again)
        }
        (Entity::Record(before), Entity::Record(now)) => {
            let rule = if before.rejected == now.rejected { Rule::Dedupe } else { Rule::Denials };
            (rule, before == now)
        }
        (Entity::Branch(before), Entity::Branch(now)) => {
            let kept = now.earlier.get(..before.earlier.len()) == Some(before.earlier.as_slice());
            (
                Rule::Incarnations,
                kept && *now.incarnation >= *before.incarnation && now.forks.len() >= before.forks.len(),
            )
        }
        (Entity::Chain(before), Entity::Chain(now)) => (Rule::Incarnations, *now.mark >= *before.mark),
        (Entity::Restored(before), Entity::Restored(now)) => {
            let decided = before.incarnation == now.incarnation && before.choice.is_some();
            (Rule::UsedApprovals, !decided || before.choice == now.choice)
        }
        (Entity::Origin(before), Entity::Origin(now)) => (Rule::Ownership, *now.incarnation >= *before.incarnation),
        (Entity::Move(before), Entity::Move(now)) => {
            (Rule::Ownership, before.left.is_none() || before.left == now.left)
        }
        _ => return Ok(()),
    };
    rule.must(holds, || format!("row {key} was {before:?} and is {now:?}"))
}
