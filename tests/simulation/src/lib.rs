//! The fault simulation: one seed is one run of a workspace whose store fails, whose processes die, whose clients send
//! again and out of order, whose runtimes come back late and whose clock jumps.
//!
//! ```text
//!  clients ──┐  commands, again and out of order     ┌── a store that answers late, not at all, or twice
//!            ├──► seats: sequencers, one of them ────┤
//!  runtimes ─┘    newest, the others fenced off      └── the disk: what a crash leaves
//!                                                         │
//!                     the ledger: what was answered ──────┴──► has to agree with what the log holds
//! ```
//!
//! The same seed is the same run. Whatever goes wrong is said with the seed and one line for everything that happened.
#![expect(clippy::indexing_slicing, reason = "a run that cannot go on has failed")]

mod check;
mod clients;
mod disk;
mod faults;
mod ledger;
mod rng;
mod run;
mod runtimes;
mod seats;
mod stranded;

pub use disk::Disk;

use std::collections::BTreeMap;
use testkit::block_on;
use testkit::store::Subject;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Steps of the run.
    pub steps: u64,
    /// Commands that were sent, each attempt counted.
    pub sent: u64,
    /// Events in the log at its end.
    pub events: u64,
    /// How often what happened: types of events, kinds of answers.
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

    fn note(&mut self, what: &str) {
        *self.happened.entry(what.to_owned()).or_default() += 1;
    }
}

/// A run in which something did not hold.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Its seed.
    pub seed: u64,
    /// What did not hold.
    pub why: String,
    /// What happened, one line each.
    pub log: Vec<String>,
}

/// Run `seed` over `disk`.
pub fn run<S: Subject + 'static>(seed: u64, disk: S) -> Result<Counts, Failed> {
    block_on(async {
        let mut run = run::Run::new(seed, disk).await;
        match run.play().await {
            Ok(counts) => Ok(counts),
            Err(why) => Err(Failed { seed, why, log: run.log }),
        }
    })
}
