//! Runs the fault simulation: `sim --seeds A..B`, or one run of it again: `sim --replay SEED:STEPS`. A failing run is cut down
//! to the steps without which it does not fail, told line by line, and how to repeat it stands last.

use kernelos_simulation::{Counts, Failed, Plant, Schedule, run, shrink, tell};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: sim [--seeds A..B | --replay SEED[:STEPS]] [--plant NAME]";
/// Seeds that are run when none are named.
const SEEDS: std::ops::Range<u64> = 0..200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut seeds, mut replay, mut plant) = (SEEDS, None, None);
    for pair in arguments.chunks(2) {
        let known = match pair {
            [option, value] if option == "--seeds" => range(value).map(|it| seeds = it),
            [option, value] if option == "--replay" => value.parse::<Schedule>().ok().map(|it| replay = Some(it)),
            [option, value] if option == "--plant" => Plant::named(value).map(|it| plant = Some(it)),
            _ => None,
        };
        if known.is_none() {
            eprintln!("{USAGE}\n\nplants:");
            Plant::all().iter().for_each(|plant| eprintln!("  {:<24} {}", plant.name(), plant.breaks()));
            return ExitCode::from(2);
        }
    }
    match replay {
        Some(schedule) => replayed(&schedule, plant.as_ref()),
        None => simulate(seeds, plant.as_ref()),
    }
}

fn replayed(schedule: &Schedule, plant: Option<&Plant>) -> ExitCode {
    match tell(schedule, plant) {
        Ok(counts) => {
            print(&counts);
            println!("{schedule} held");
            ExitCode::SUCCESS
        }
        Err(failed) => told(&failed, plant),
    }
}

fn simulate(seeds: std::ops::Range<u64>, plant: Option<&Plant>) -> ExitCode {
    let (began, count) = (Instant::now(), seeds.end.saturating_sub(seeds.start));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, total) = (AtomicU64::new(seeds.start), Mutex::new((Counts::default(), None::<Box<Failed>>)));
    let work = || {
        let mut counts = Counts::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            match run(&Schedule::whole(seed), plant) {
                Ok(one) => counts.add(one),
                Err(failed) => {
                    // Those before it are still run, so the first that fails is told.
                    next.store(seeds.end, Ordering::Relaxed);
                    let Ok(mut total) = total.lock() else { break };
                    if total.1.as_ref().is_none_or(|other| failed.schedule.seed() < other.schedule.seed()) {
                        total.1 = Some(failed);
                    }
                }
            }
        }
        if let Ok(mut total) = total.lock() {
            total.0.add(counts);
        }
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let Ok((counts, failed)) = total.into_inner() else { return ExitCode::FAILURE };
    if let Some(failed) = failed {
        println!("seed {} fails: {}", failed.schedule.seed(), failed.wrong);
        println!("cutting it down …\n");
        return told(&shrink(&failed, plant), plant);
    }
    print(&counts);
    let (took, used) = (began.elapsed(), cpu_time().unwrap_or_else(|| began.elapsed()));
    println!(
        "{count} seeds held: {} steps, {} commands, {} events; {:.1} s, {:.1} CPU-seconds, {:.0} steps per CPU-second",
        counts.steps,
        counts.sent,
        counts.events,
        took.as_secs_f64(),
        used.as_secs_f64(),
        counts.steps as f64 / used.as_secs_f64(),
    );
    ExitCode::SUCCESS
}

fn told(failed: &Failed, plant: Option<&Plant>) -> ExitCode {
    failed.story.iter().for_each(|line| println!("{line}"));
    let with = plant.map(|plant| format!(" --plant {}", plant.name())).unwrap_or_default();
    println!("\n{}", failed.wrong);
    println!("found in step {}, after {} steps", failed.step, failed.schedule.len());
    println!("again: cargo xtask sim{with} --replay {}", failed.schedule);
    ExitCode::FAILURE
}

fn print(counts: &Counts) {
    for (what, count) in &counts.happened {
        println!("{count:>9} {what}");
    }
}

/// Processor time that this program used.
fn cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
    }
    #[cfg(not(unix))]
    None
}

/// `A..B`, or one seed.
fn range(text: &str) -> Option<std::ops::Range<u64>> {
    match text.split_once("..") {
        Some((from, to)) => Some(from.parse().ok()?..to.parse().ok()?),
        None => text.parse().ok().map(|seed: u64| seed..seed.saturating_add(1)),
    }
}
