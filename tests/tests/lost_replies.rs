//! A host that ends between a commit and its reply: the runtime on the other side asks again, and holds what it was given.

#![cfg(test)]

mod support;

use ports::SequencingError;
use support::near::Near;
use testkit::block_on;

#[test]
fn a_runtime_whose_lease_was_committed_and_never_answered_holds_it_all_the_same() {
    block_on(async {
        let near = Near::begin().await;
        let (_, effect) = near.ask().await;
        let runtime = near.runtime(1);
        runtime.join().await.unwrap();
        near.lost.set(2);
        let taken = runtime.take(4).await.unwrap();
        assert_eq!(taken.iter().map(|view| view.effect).collect::<Vec<_>>(), [effect]);
        assert_eq!((taken[0].fence, near.slept.get()), (1, 2), "it was leased once, and asked for three times");
    });
}

#[test]
fn a_runtime_that_is_never_answered_gives_up() {
    block_on(async {
        let near = Near::begin().await;
        near.ask().await;
        let runtime = near.runtime(1);
        runtime.join().await.unwrap();
        near.lost.set(u32::MAX);
        assert!(matches!(runtime.take(1).await, Err(SequencingError::Unavailable(_))));
    });
}
