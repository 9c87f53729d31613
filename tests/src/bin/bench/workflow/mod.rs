//! Workflows: how soon work is taken up, what a run costs, what the way to a provider adds, loops, and memory.

mod dispatch;
mod loops;
mod memory;
mod office;
mod provider;
mod runs;
mod upstream;

use crate::report::{Report, Target};

pub use dispatch::run as dispatch;
pub use loops::run as loops;
pub use memory::run as memory;
pub use provider::run as provider;
pub use runs::run as runs;

/// Say how far the rounds of a measurement lay apart.
fn spread(report: &Report, name: &str, unit: &str, rounds: &[f64]) {
    let smallest = rounds.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    report.row(&format!("{name}: smallest round"), smallest, unit, rounds.len() as f64, Target::None);
    report.row(&format!("{name}: largest round"), largest, unit, rounds.len() as f64, Target::None);
}
