//! The fault simulation: one seed is one run of a workspace whose store fails, whose processes die, whose clients send
//! again and out of order, whose runtimes come back late, whose people go back, and whose clock jumps.
//!
//! ```text
//!  clients ──┐ requests, again,      ┌─────────── a way on which answers and requests are lost, and commits
//!  people ───┼ lost, out of order ──►│ seats:     arrive late; every call waits there for the schedule
//!  runtimes ─┘                       │ sequencers ────────────────────────────────────────────► the disk
//!                                    └───────────                                                 │
//!        the ledger: what was asked and answered, and what really happened outside ◄── rules ◄────┘
//! ```
//!
//! A run is a row of numbered steps. In each, the schedule lets somebody do something up to the next call of a store, or
//! something happens to them. What a step does follows from the seed, its number and the world it finds; so steps can be left
//! out and the others stay what they are, which is how a failing run is cut down to a short one. Rules are held against what
//! was written after each step, and against everything at the end.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a run that cannot go on has failed")]

mod clients;
mod device;
mod disk;
mod end;
mod facts;
mod ledger;
mod log;
mod older;
mod people;
mod plants;
mod rng;
mod rule;
mod runtimes;
mod schedule;
mod seats;
mod stops;
mod story;
mod stranded;
mod travel;
mod way;
pub mod workflows;
mod world;

pub use device::{Device, command_hash, entropy, under_key};
pub use disk::Disk;
pub use facts::ControlFacts;
pub use plants::Plant;
pub use rule::{Rule, Wrong};
pub use schedule::{Schedule, shrink};
pub use stops::Stops;
pub use story::Counts;

use story::Story;
use testkit::block_on;
use world::World;

/// A run in which something did not hold.
#[derive(Debug, Clone)]
pub struct Failed {
    /// What it was: run it again, and it fails again.
    pub schedule: Schedule,
    /// What did not hold.
    pub wrong: Wrong,
    /// In which step it was found; the number of steps when it was at the end.
    pub step: u64,
    /// What happened, one line each.
    pub story: Vec<String>,
}

/// Run a schedule, with a bug or without.
pub fn run(schedule: &Schedule, plant: Option<&Plant>) -> Result<Counts, Box<Failed>> {
    played(schedule, plant, Story::default())
}

/// The same, with the story of what happened where it fails.
pub fn tell(schedule: &Schedule, plant: Option<&Plant>) -> Result<Counts, Box<Failed>> {
    played(schedule, plant, Story::told())
}

fn played(schedule: &Schedule, plant: Option<&Plant>, story: Story) -> Result<Counts, Box<Failed>> {
    block_on(async {
        let mut world = World::new(schedule.seed(), plant, story);
        match play(&mut world, schedule).await {
            Ok(()) => Ok(world.counts),
            Err(wrong) => {
                let (step, story) = (world.step, world.story.lines());
                Err(Box::new(Failed { schedule: schedule.clone(), wrong, step, story }))
            }
        }
    })
}

async fn play(world: &mut World, schedule: &Schedule) -> rule::Held {
    world.begin().await?;
    world.weather.turn(true);
    for step in schedule.steps() {
        world.play(step).await?;
    }
    world.step = schedule.end();
    world.end().await
}
