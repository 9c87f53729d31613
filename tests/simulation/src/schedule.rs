//! Which steps of a run are played; and how a run that fails is cut down to one that a person can follow.

use super::{Failed, Plant, run, tell};
use std::fmt;
use std::str::FromStr;

/// Steps of a whole run.
const STEPS: u64 = 5_000;
/// How many runs cutting down may take.
const RUNS_MAX: usize = 1_500;

/// A seed, and the steps of its run that are played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    seed: u64,
    /// In order; none when all are.
    only: Option<Vec<u64>>,
}

impl Schedule {
    /// All steps of a seed.
    pub fn whole(seed: u64) -> Self {
        Self { seed, only: None }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The steps, in order.
    pub fn steps(&self) -> Vec<u64> {
        self.only.clone().unwrap_or_else(|| (1..=STEPS).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.only.as_ref().map_or(STEPS as usize, Vec::len)
    }

    /// Whether nothing is played but the beginning and the end.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn end(&self) -> u64 {
        STEPS + 1
    }

    fn only(&self, steps: Vec<u64>) -> Self {
        Self { seed: self.seed, only: Some(steps) }
    }
}

/// `SEED`, or `SEED:3,7-12,40`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seed)?;
        let Some(steps) = &self.only else { return Ok(()) };
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for step in steps {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == *step => *last = *step,
                _ => ranges.push((*step, *step)),
            }
        }
        for (nth, (first, last)) in ranges.iter().enumerate() {
            write!(f, "{}{first}", if nth == 0 { ':' } else { ',' })?;
            if last > first {
                write!(f, "-{last}")?;
            }
        }
        if ranges.is_empty() { f.write_str(":") } else { Ok(()) }
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text:?} is no number"));
        let Some((seed, ranges)) = text.split_once(':') else { return Ok(Self::whole(number(text)?)) };
        let mut steps = Vec::new();
        for range in ranges.split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (number(first)?, number(last)?);
            if first == 0 || last > STEPS || last < first || steps.last().is_some_and(|before| *before >= first) {
                return Err(format!("{range} is not in order, or beyond the {STEPS} steps of a run"));
            }
            steps.extend(first..=last);
        }
        Ok(Self { seed: number(seed)?, only: Some(steps) })
    }
}

/// Cut a failing run down: parts of its steps are left out as long as it fails by the same rule, in ever smaller parts
/// (Zeller and Hildebrandt, *Simplifying and isolating failure-inducing input*, 2002). What comes out is told.
pub fn shrink(failed: &Failed, plant: Option<&Plant>) -> Box<Failed> {
    let fails = |steps: &[u64]| {
        let schedule = failed.schedule.only(steps.to_vec());
        run(&schedule, plant).err().filter(|it| it.wrong.rule == failed.wrong.rule)
    };
    // What comes after the step in which it was found had no part in it, unless that was the end.
    let mut steps: Vec<u64> = failed.schedule.steps().into_iter().filter(|step| *step <= failed.step).collect();
    let (mut parts, mut runs) = (2, 0);
    while steps.len() > 1 && runs < RUNS_MAX {
        let size = steps.len().div_ceil(parts);
        let mut shorter = None;
        for from in (0..steps.len()).step_by(size) {
            let without: Vec<u64> = steps
                .iter()
                .enumerate()
                .filter(|(nth, _)| !(from..from + size).contains(nth))
                .map(|(_, it)| *it)
                .collect();
            runs += 1;
            if let Some(it) = fails(&without) {
                shorter = Some(without.into_iter().filter(|step| *step <= it.step).collect::<Vec<u64>>());
                break;
            }
        }
        match shorter {
            Some(shorter) => (steps, parts) = (shorter, parts.saturating_sub(1).max(2)),
            None if size == 1 => break,
            None => parts = (parts * 2).min(steps.len()),
        }
    }
    let schedule = failed.schedule.only(steps);
    tell(&schedule, plant).err().unwrap_or_else(|| Box::new(failed.clone()))
}
