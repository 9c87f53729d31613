//! The simulation finds what it is there to find: over every store that breaks one promise, some seed fails.

use kernel::event::EventData;
use kernelos_tests::sim::{Counts, Disk, run};
use testkit::broken::{Broken, Fault};

/// What happens between two hosts. The simulation is of one; these are told in `portability`, and where workspaces move.
const BETWEEN_HOSTS: [&str; 5] =
    ["workspace.adopted", "workspace.frozen", "workspace.imported", "workspace.left", "workspace.unfrozen"];

/// What goes back. Histories do; see `same_commands_same_roots`.
const GOING_BACK: [&str; 4] = ["branch.restored", "work.decided", "work.held", "work.released"];

/// The simulation removes no workspace; the test kit does, and so does `moves`.
const NEVER_REMOVED: Fault = Fault::DeletesAnyHead;

#[test]
fn every_broken_store_fails_some_seed() {
    for fault in Fault::ALL.into_iter().filter(|fault| *fault != NEVER_REMOVED) {
        let failed = (0..200).find_map(|seed| run(seed, Broken::new(Disk::default(), fault)).err());
        let failed = failed.unwrap_or_else(|| panic!("no seed fails over a store that {fault:?}"));
        println!("{fault:?}: seed {}: {}", failed.seed, failed.why);
    }
}

#[test]
fn a_store_that_keeps_its_promises_fails_none() {
    let mut total = Counts::default();
    for seed in 0..40 {
        match run(seed, Disk::default()) {
            Ok(counts) => total.add(counts),
            Err(failed) => panic!("{}\n{}\nseed {}", failed.log.join("\n"), failed.why, failed.seed),
        }
    }
    let answers = ["answered", "answered again", "refused", "fenced off", "not answered"];
    let expected = EventData::NAMES.iter().chain(&answers);
    let here = expected.filter(|what| !BETWEEN_HOSTS.contains(what) && !GOING_BACK.contains(what));
    let missing: Vec<_> = here.filter(|what| !total.happened.contains_key(**what)).collect();
    assert!(missing.is_empty(), "{missing:?} never happened in {:#?}", total.happened);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let counts = |seed| run(seed, Disk::default()).ok();
    assert_eq!(counts(7), counts(7));
    assert_ne!(counts(7), counts(8));
}
