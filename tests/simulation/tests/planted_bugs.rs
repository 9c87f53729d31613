//! The simulation finds what it is there to find: whatever bug is planted, some seed fails.

use kernel::event::EventData;
use kernelos_simulation::{Counts, Plant, Schedule, run, shrink, tell};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Within so many seeds every bug is found.
const SEEDS: u64 = 1_000;

/// Do this with each of those numbers, on all processors.
fn each(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count {
                        break;
                    }
                    work(nth);
                }
            });
        }
    });
}

#[test]
fn every_planted_bug_fails_some_seed() {
    let plants = Plant::all();
    let found = Mutex::new(Vec::new());
    each(plants.len(), |nth| {
        let plant = &plants[nth];
        let failed = (0..SEEDS).find_map(|seed| run(&Schedule::whole(seed), Some(plant)).err());
        let said = failed.map(|it| format!("seed {}, step {}: {}", it.schedule.seed(), it.step, it.wrong));
        found.lock().unwrap().push((nth, said));
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(nth, _)| *nth);
    let mut missed = Vec::new();
    for (nth, said) in found {
        let plant = &plants[nth];
        println!("{}: {}", plant.name(), said.as_deref().unwrap_or("not found"));
        if said.is_none() {
            missed.push(plant.name());
        }
    }
    assert!(missed.is_empty(), "nothing notices {missed:?}");
}

#[test]
fn without_a_bug_no_seed_fails_and_everything_happens() {
    let total = Mutex::new(Counts::default());
    each(60, |seed| match tell(&Schedule::whole(seed as u64), None) {
        Ok(counts) => total.lock().unwrap().add(counts),
        Err(failed) => panic!("{}\n{}\n{}", failed.story.join("\n"), failed.wrong, failed.schedule),
    });
    let total = total.into_inner().unwrap();
    let answers = ["answered", "answered again", "refused", "fenced off", "not answered"];
    let expected = EventData::NAMES.iter().chain(&answers);
    let missing: Vec<_> = expected.filter(|what| !total.happened.contains_key(**what)).collect();
    assert!(missing.is_empty(), "{missing:?} never happened in {:#?}", total.happened);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let counts = |seed| run(&Schedule::whole(seed), None).ok();
    assert_eq!(counts(7), counts(7));
    assert_ne!(counts(7), counts(8));
}

#[test]
fn a_run_that_fails_is_cut_down_to_a_short_one_that_fails_alike() {
    let plant = Plant::named("spend-back").unwrap();
    let failed = (0..SEEDS).find_map(|seed| run(&Schedule::whole(seed), Some(&plant)).err()).unwrap();
    let short = shrink(&failed, Some(&plant));
    let steps = short.schedule.len();
    println!("{} steps of {}:\n{}\n{}", steps, failed.schedule.len(), short.story.join("\n"), short.wrong);
    assert!(steps * 10 < failed.step as usize, "{steps} steps of {} are left", failed.step);
    let again: Schedule = short.schedule.to_string().parse().unwrap();
    let again = run(&again, Some(&plant)).err().unwrap();
    assert_eq!((again.wrong, again.step), (short.wrong, short.step));
}
