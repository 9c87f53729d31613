//! Several sequencers over one database, none of which owns anything: each may come too late, and each may die between any
//! two statements.
#![cfg(test)]

#[path = "shared/copies.rs"]
mod copies;
mod shared;

use ports::Store as _;
use ports::wire::Ask;
use shared::{Desk, Fate, WORKSPACE, define, file, of, shared, store, submitted};
use std::rc::Rc;
use std::sync::Barrier;
use std::time::{Duration, Instant};

#[test]
fn two_sequencers_over_one_database_see_what_the_other_one_did() {
    let desk = Desk::new();
    let (one, two) = (shared(store(file(&desk.path))), shared(store(file(&desk.path))));
    for nth in 0..6 {
        let sequencer = if nth % 2 == 0 { &one } else { &two };
        let reply = of(submitted(sequencer, vec![define(nth)]));
        assert!(!reply.known && reply.rejected.is_none(), "{reply:?}");
    }
    let again = of(submitted(&one, vec![define(5)]));
    assert!(again.known, "what the other one decided is known");
    desk.is_whole();
}

#[test]
fn thirty_two_writers_on_one_head_are_all_served_and_nothing_happens_twice() {
    const WRITERS: u64 = 32;
    const EACH: u64 = 4;
    let desk = Desk::new();
    let before = desk.pos();
    let barrier = Barrier::new(WRITERS as usize);
    let replies: Vec<_> = std::thread::scope(|scope| {
        let write = |writer: u64| {
            let (path, barrier) = (&desk.path, &barrier);
            scope.spawn(move || {
                let sequencer = shared(store(file(path)));
                barrier.wait();
                let define = |nth| of(submitted(&sequencer, vec![define(writer * EACH + nth)]));
                (0..EACH).map(define).collect::<Vec<_>>()
            })
        };
        let writers: Vec<_> = (0..WRITERS).map(write).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(replies.len() as u64, WRITERS * EACH);
    assert!(replies.iter().all(|reply| reply.rejected.is_none()), "{replies:?}");
    let mut places: Vec<u64> = replies.iter().map(|reply| reply.pos).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len() as u64, WRITERS * EACH, "each took effect at a place of its own");
    let events: u64 = replies.iter().map(|reply| u64::from(reply.events)).sum();
    assert_eq!(desk.pos(), before + events, "and nothing else did");
    assert_eq!(desk.letters(), 0, "no letter is left");
    desk.is_whole();
}

#[test]
fn a_writer_that_dies_between_any_two_statements_holds_nobody_up_and_loses_nothing() {
    let mut deaths = 0;
    for nth in 0.. {
        let mut outlived = false;
        for before in [true, false] {
            let desk = Desk::new();
            let pos = desk.pos();
            // It comes too late, so that every way is gone: its own attempt, the letter, the decision for all.
            let fate = Fate { dies_at: Some((nth, before)), late: true };
            let dying = shared(store(Rc::new(shared::Doomed::new(&desk.path, fate))));
            outlived = shared::until_death(shared::answer(&dying, vec![define(1)])).is_some();
            deaths += u64::from(!outlived);

            let begun = Instant::now();
            let other = shared(store(file(&desk.path)));
            let reply = of(submitted(&other, vec![define(2)]));
            assert!(begun.elapsed() < Duration::from_secs(1), "held up after statement {nth}");
            assert!(reply.rejected.is_none());
            // Whoever asked the dead one asks again, and it happens once.
            let again = of(submitted(&other, vec![define(1)]));
            assert!(again.rejected.is_none(), "{again:?}");
            let third = of(submitted(&other, vec![shared::first()]));
            assert!(third.rejected.is_none(), "{third:?}");
            assert_eq!(desk.pos(), pos + 3 * u64::from(again.events), "after statement {nth}, {before}");
            desk.is_whole();
        }
        if outlived {
            break;
        }
    }
    assert!(deaths > 20, "it died {deaths} times");
}

#[test]
fn whoever_makes_the_tables_may_die_at_any_of_them_and_what_is_acknowledged_then_is_there() {
    let mut deaths = 0;
    for nth in 0.. {
        let desk = Desk::bare();
        let fate = Fate { dies_at: Some((nth, false)), late: false };
        let dying = shared(store(Rc::new(shared::Doomed::new(&desk.path, fate))));
        let create = async { dying.answer(WORKSPACE, shared::KEY, Ask::Create).await.body };
        let outlived = shared::until_death(create).is_some();
        for life in 0..2 {
            desk.begin();
            let other = shared(store(file(&desk.path)));
            let reply = of(submitted(&other, vec![define(1)]));
            assert_eq!(reply.rejected, None, "after table {nth}, in life {life}");
            assert_eq!(desk.pos(), reply.pos + u64::from(reply.events) - 1, "after table {nth}, in life {life}");
            desk.is_whole();
            // Nothing of the first life is left for the second.
            testkit::block_on(store(file(&desk.path)).delete(&WORKSPACE.to_string())).unwrap();
        }
        if outlived {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 10, "it died {deaths} times");
}

#[test]
fn what_one_writer_cannot_commit_is_no_burden_for_the_others() {
    let desk = Desk::new();
    let sequencer = shared(store(file(&desk.path)));
    let workspace = WORKSPACE.to_string();
    let rotten = ports::store::shared::Letter { ticket: "r".repeat(32), at_ms: shared::now_ms(), body: vec![7; 80] };
    testkit::block_on(async {
        let store = store(file(&desk.path));
        ports::SharedStore::post(&*store, &workspace, &rotten).await.unwrap();
        assert_eq!(store.workspaces().await.unwrap(), std::slice::from_ref(&workspace));
    });
    let late = Fate { dies_at: None, late: true };
    let late = shared(store(Rc::new(shared::Doomed::new(&desk.path, late))));
    assert!(of(submitted(&late, vec![define(1)])).rejected.is_none());
    assert!(of(submitted(&sequencer, vec![define(2)])).rejected.is_none());
    assert_eq!(desk.letters(), 1, "it lies there until it is swept away");
    desk.is_whole();
}
