//! What a run did and how long each step took, so that the slow step is known before anybody asks.

use crate::failure::Failure;
use std::fmt;
use std::time::{Duration, Instant};

/// The steps of a run, in order. Nothing runs after the first failure.
#[derive(Default)]
pub struct Ledger {
    rows: Vec<Row>,
    failure: Option<Failure>,
}

struct Row {
    step: &'static str,
    took: Duration,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    Passed,
    Failed,
    NotRun,
}

impl Ledger {
    /// Runs a step, or only notes it once an earlier one has failed.
    pub fn step(&mut self, step: &'static str, work: impl FnOnce() -> Result<(), Failure>) -> &mut Self {
        if self.failure.is_some() {
            self.rows.push(Row { step, took: Duration::ZERO, outcome: Outcome::NotRun });
            return self;
        }
        eprintln!("== {step}");
        let started = Instant::now();
        let result = work();
        let outcome = if result.is_ok() { Outcome::Passed } else { Outcome::Failed };
        self.rows.push(Row { step, took: started.elapsed(), outcome });
        self.failure = result.err();
        self
    }

    /// The first failure, if there was one.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: Duration = self.rows.iter().map(|row| row.took).sum();
        let share = |took: Duration| 100.0 * took.as_secs_f64() / total.as_secs_f64().max(f64::EPSILON);
        writeln!(f, "{:<28} {:>8} {:>6}", "step", "seconds", "share")?;
        for Row { step, took, outcome } in &self.rows {
            match outcome {
                Outcome::NotRun => writeln!(f, "{step:<28} {:>8} {:>6}  not run", "-", "-")?,
                Outcome::Passed | Outcome::Failed => {
                    let mark = if matches!(outcome, Outcome::Failed) { "  FAILED" } else { "" };
                    writeln!(f, "{step:<28} {:>8.1} {:>5.0}%{mark}", took.as_secs_f64(), share(*took))?;
                }
            }
        }
        writeln!(f, "{:<28} {:>8.1}", "total", total.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_red_step_stops_the_run_and_the_ledger_still_names_every_step() {
        let mut ledger = Ledger::default();
        let red = || Err(Failure::check("two findings"));
        let never = || panic!("must not run after a failure");
        ledger.step("setup", || Ok(())).step("tidy", red).step("tests", never);

        let printed = ledger.to_string();
        assert!(printed.lines().any(|line| line.starts_with("tidy") && line.ends_with("FAILED")), "{printed}");
        assert!(printed.lines().any(|line| line.starts_with("tests") && line.ends_with("not run")), "{printed}");
        assert_eq!(ledger.finish(), Err(Failure::check("two findings")));
    }

    #[test]
    fn a_green_run_finishes_well() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.step("setup", || Ok(())).finish(), Ok(()));
    }
}
