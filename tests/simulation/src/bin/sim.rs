//! Runs the fault simulation: `sim --seeds A..B`. A failing run is told line by line, its seed last.

use kernelos_tests::sim::{Counts, Disk, run};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: sim [--seeds A..B]";
/// Seeds that are run when none are named.
const SEEDS: std::ops::Range<u64> = 0..200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let seeds = match arguments.as_slice() {
        [] => Some(SEEDS),
        ["--seeds", seeds] => range(seeds),
        _ => None,
    };
    let Some(seeds) = seeds else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    simulate(seeds)
}

fn simulate(seeds: std::ops::Range<u64>) -> ExitCode {
    let (began, mut total, count) = (Instant::now(), Counts::default(), seeds.end.saturating_sub(seeds.start));
    for seed in seeds {
        match run(seed, Disk::default()) {
            Ok(counts) => total.add(counts),
            Err(failed) => {
                failed.log.iter().for_each(|line| println!("{line}"));
                println!("{}", failed.why);
                println!("seed {}", failed.seed);
                return ExitCode::FAILURE;
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let Counts { steps, sent, events, happened } = total;
    for (what, count) in happened {
        println!("{count:>9} {what}");
    }
    println!("{count} seeds held: {steps} steps, {sent} commands sent, {events} events, {seconds:.1} s");
    ExitCode::SUCCESS
}

/// `A..B`, or one seed.
fn range(text: &str) -> Option<std::ops::Range<u64>> {
    match text.split_once("..") {
        Some((from, to)) => Some(from.parse().ok()?..to.parse().ok()?),
        None => text.parse().ok().map(|seed: u64| seed..seed.saturating_add(1)),
    }
}
