//! A runtime that is woken, performs what is owed until nothing is left, and may be taken down between any two shifts.

#![cfg(test)]

mod support;

use kernel::id::Id;
use runtime::{Left, Shift, Shifts, Terms};
use std::rc::Rc;
use support::near::Near;
use testkit::block_on;

/// More than any story wants.
const ALL: Terms = Terms { at_a_time: 4, in_all: 100, for_ms: 60_000 };

fn done(reported: usize) -> Shift {
    Shift { reported, left: Left::Nothing }
}

async fn ask(near: &Rc<Near>, count: usize) -> Vec<Id> {
    let mut tasks = Vec::new();
    for _ in 0..count {
        tasks.push(near.ask().await.0);
    }
    tasks
}

#[test]
fn what_waits_is_performed_until_nothing_is_left_and_never_more_at_a_time_than_allowed() {
    block_on(async {
        let near = Near::begin().await;
        let tasks = ask(&near, 5).await;
        let shifts = Shifts::new(near.runtime(1));
        assert_eq!(shifts.work(Terms { at_a_time: 2, ..ALL }).await, done(5));
        assert_eq!(near.most_calls.get(), 2);
        for task in tasks {
            assert_eq!(near.answer(task).await.as_deref(), Some("Here."));
        }
        assert_eq!(shifts.work(Terms { at_a_time: 2, ..ALL }).await, done(0));
    });
}

#[test]
fn the_next_process_gets_back_at_once_what_the_one_before_it_held() {
    block_on(async {
        let near = Near::begin().await;
        let (task, _) = near.ask().await;
        let before = near.runtime(1);
        before.join().await.unwrap();
        assert_eq!(before.take(1).await.unwrap().len(), 1);
        drop(before);
        assert_eq!(Shifts::new(near.runtime(2)).work(ALL).await, done(1));
        assert_eq!(near.answer(task).await.as_deref(), Some("Here."));
    });
}

#[test]
fn what_is_tried_again_later_waits_for_a_shift_that_begins_when_it_is_due() {
    block_on(async {
        let near = Near::begin().await;
        let (task, _) = near.ask().await;
        near.failing.set(1);
        let shifts = Shifts::new(near.runtime(1));
        assert_eq!(shifts.work(ALL).await, done(1));
        assert_eq!(shifts.work(ALL).await, done(0), "it is not due yet");
        near.now_ms.set(near.now_ms.get() + 5_000);
        assert_eq!(shifts.work(ALL).await, done(1));
        assert_eq!(near.answer(task).await.as_deref(), Some("Here."));
    });
}

#[test]
fn what_comes_while_a_shift_is_on_is_begun_at_once() {
    block_on(async {
        let near = Near::begin().await;
        let first = near.ask().await.0;
        // The model answers nobody before it is asked by two.
        near.together.set(2);
        let shifts = Shifts::new(near.runtime(1));
        assert!(!shifts.wake(), "no shift is on");
        let more = async {
            while near.most_calls.get() == 0 {
                tokio::task::yield_now().await;
            }
            let second = near.ask().await.0;
            assert!(shifts.wake(), "the shift that is on does it");
            second
        };
        let (shift, second) = tokio::join!(shifts.work(ALL), more);
        assert_eq!(shift, done(2));
        for task in [first, second] {
            assert_eq!(near.answer(task).await.as_deref(), Some("Here."));
        }
        assert!(!shifts.wake(), "the shift is over");
    });
}

#[test]
fn when_its_time_is_over_a_shift_finishes_what_it_began_and_leaves_the_rest() {
    block_on(async {
        let near = Near::begin().await;
        ask(&near, 3).await;
        near.takes_ms.set(2_000);
        let shifts = Shifts::new(near.runtime(1));
        assert_eq!(
            shifts.work(Terms { at_a_time: 1, for_ms: 1_000, ..ALL }).await,
            Shift { reported: 1, left: Left::More }
        );
        assert_eq!(shifts.work(ALL).await, done(2));
    });
}

#[test]
fn no_more_is_begun_in_one_shift_than_it_may_begin() {
    block_on(async {
        let near = Near::begin().await;
        ask(&near, 5).await;
        let shifts = Shifts::new(near.runtime(1));
        let terms = Terms { in_all: 2, ..ALL };
        assert_eq!(shifts.work(terms).await, Shift { reported: 2, left: Left::More });
        assert_eq!(shifts.work(terms).await, Shift { reported: 2, left: Left::More });
        assert_eq!(shifts.work(terms).await, done(1));
    });
}

#[test]
fn a_sequencer_that_does_not_answer_ends_the_shift() {
    block_on(async {
        let near = Near::begin().await;
        let (task, _) = near.ask().await;
        let shifts = Shifts::new(near.runtime(1));
        near.lost.set(u32::MAX);
        let shift = shifts.work(ALL).await;
        assert!(matches!(shift, Shift { reported: 0, left: Left::Unanswered(_) }), "{shift:?}");
        near.lost.set(0);
        assert_eq!(shifts.work(ALL).await, done(1));
        assert_eq!(near.answer(task).await.as_deref(), Some("Here."));
    });
}

#[test]
fn a_process_that_another_took_the_place_of_does_no_more() {
    block_on(async {
        let near = Near::begin().await;
        near.ask().await;
        let first = Shifts::new(near.runtime(1));
        assert_eq!(first.work(ALL).await, done(1));
        near.ask().await;
        let second = Shifts::new(near.runtime(2));
        assert_eq!(second.work(ALL).await, done(1));
        near.ask().await;
        let shift = first.work(ALL).await;
        assert!(matches!(shift, Shift { reported: 0, left: Left::Refused(_) }), "{shift:?}");
        assert_eq!(second.work(ALL).await, done(1));
    });
}

#[test]
fn who_is_at_work_while_the_workspace_is_frozen_is_done_and_heard_and_takes_nothing_more() {
    block_on(async {
        let near = Near::begin().await;
        let (first, second) = (near.ask().await.0, near.ask().await.0);
        near.freezes.set(true);
        let shifts = Shifts::new(near.runtime(1));
        assert_eq!(shifts.work(Terms { at_a_time: 1, ..ALL }).await, done(1));
        assert_eq!(near.answer(first).await.as_deref(), Some("Here."));
        assert_eq!(near.answer(second).await, None);
        assert_eq!(shifts.work(ALL).await, done(0), "nothing is given away, and that is no failure");
    });
}
