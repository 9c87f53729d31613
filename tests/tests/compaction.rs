//! Whenever a workspace is compacted, what it says, what it remembers and what its events lead to are as if it never was.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kernelos_tests::history::{Author, World, config, ops};
use ports::sequencing::EventView;
use proptest::prelude::*;
use sequencer::Compacting;
use testkit::block_on;

/// What is done between two batches of commands.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    /// A little of compacting.
    Slice,
    /// All of it.
    Compact,
    /// The process ends in the middle of whatever it does.
    Restart,
}

fn between() -> impl Strategy<Value = Vec<(usize, Between)>> {
    use Between::{Compact, Nothing, Restart, Slice};
    let what = prop_oneof![1 => Just(Nothing), 4 => Just(Slice), 3 => Just(Compact), 2 => Just(Restart)];
    proptest::collection::vec((1_usize..24, what), 1..12)
}

/// Every event as clients see it.
async fn told(world: &mut World, page: usize) -> Vec<EventView> {
    let mut all: Vec<EventView> = Vec::new();
    loop {
        let after = all.last().map_or(0, |view| view.event.pos);
        let views = world.sequencer.events(after, page).await.unwrap();
        if views.is_empty() {
            return all;
        }
        all.extend(views);
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_workspace_that_was_compacted_is_no_other(ops in ops(60..220), between in between(), page in 1_usize..300) {
        block_on(async {
            let (mut author, opening) = Author::begin(0);
            let (mut world, mut twin) = (World::new().await, World::new().await);
            world.play(&opening, &[]).await;
            twin.play(&opening, &[]).await;
            let jobs: Vec<_> = ops.iter().map(|op| author.job(op)).collect();
            let (mut rest, mut turn, mut packed) = (jobs.as_slice(), 0, 0);
            while !rest.is_empty() {
                let (count, what) = between.get(turn % between.len()).copied().unwrap();
                let (batch, after) = rest.split_at(count.min(rest.len()));
                prop_assert_eq!(world.play(batch, &[]).await, twin.play(batch, &[]).await);
                let now_ms = 1_000_000 + turn as u64;
                match what {
                    Between::Nothing => {}
                    Between::Slice => {
                        if let Compacting::Done(done) = world.sequencer.compact_slice(now_ms).await.unwrap() {
                            packed = done.packed_to;
                        }
                    }
                    Between::Compact => packed = world.sequencer.compact(now_ms).await.unwrap().packed_to,
                    Between::Restart => world.restart().await,
                }
                (rest, turn) = (after, turn + 1);
            }
            prop_assert!(packed < world.sequencer.pos());
            prop_assert_eq!(world.roots().await, twin.roots().await);
            prop_assert!(told(&mut world, page).await == told(&mut twin, 1_000).await, "they tell another log");
            prop_assert_eq!(world.findings().await, vec![]);
            prop_assert_eq!(world.replayed_roots().await, twin.replayed_roots().await);
            // Everything that was sent is known, wherever what it came to is by now.
            world.restart().await;
            let pos = world.sequencer.pos();
            prop_assert_eq!(world.play(&jobs, &[]).await, twin.play(&jobs, &[]).await);
            prop_assert_eq!(world.sequencer.pos(), twin.sequencer.pos());
            prop_assert!(world.sequencer.pos() >= pos);
            Ok(())
        })?;
    }
}
