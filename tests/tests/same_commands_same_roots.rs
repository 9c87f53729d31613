//! The same commands in the same order come to the same events and the same roots, whatever is loaded when, however
//! they are cut into commits, and however often everything is forgotten or begun again.

use kernelos_tests::history::{Author, Between, Pace, World, config, ops, paces};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use testkit::block_on;

const ONE_BY_ONE: [Pace; 1] = [Pace { batch: 1, before: Between::Nothing }];
const ALL_FORGOTTEN: [Pace; 1] = [Pace { batch: 1, before: Between::Forget }];

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn any_mechanics_come_to_the_same_events_and_roots(history in ops(1..320), paces in paces()) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        block_on(async {
            let (mut plain, mut forgetful, mut other) = (World::new().await, World::new().await, World::new().await);
            let replies = plain.play(&jobs, &ONE_BY_ONE).await;
            prop_assert_eq!(&forgetful.play(&jobs, &ALL_FORGOTTEN).await, &replies);
            prop_assert_eq!(&other.play(&jobs, &paces).await, &replies);

            let (expected, roots) = (plain.dump(), plain.roots().await);
            prop_assert_eq!(plain.findings().await, vec![]);
            prop_assert_eq!(plain.replayed_roots().await, roots.clone());
            for world in [&mut forgetful, &mut other] {
                prop_assert_eq!(world.roots().await, roots.clone());
                prop_assert_eq!(world.findings().await, vec![]);
                prop_assert_eq!(&world.dump().events, &expected.events);
            }
            Ok(())
        })?;
    }
}

#[test]
fn histories_hold_what_they_are_meant_to_hold() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut seen, mut folds) = (std::collections::BTreeMap::<String, usize>::new(), 0);
    for _ in 0..24 {
        let history = ops(320).new_tree(&mut runner).unwrap().current();
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let mut world = block_on(World::new());
        block_on(world.play(&jobs, &ONE_BY_ONE));
        folds += u32::from(world.sequencer.workspace().heads().folded > 0);
        for event in world.dump().events {
            let (header, data) = kernel::event::Header::decode(&event.body).unwrap();
            let why = if let kernel::event::EventData::CommandRejected(it) = data { it.code } else { String::new() };
            *seen.entry(format!("{} {why}", header.name).trim().to_owned()).or_default() += 1;
        }
    }
    let happened = |name: &&&str| seen.keys().any(|key| key.starts_with(**name));
    // Histories do not travel; `portability.rs` and `moves` are about those that do.
    let travels = ["imported", "adopted", "frozen", "unfrozen", "left"].map(|what| format!("workspace.{what}"));
    let names = kernel::event::EventData::NAMES.iter().filter(|name| !travels.iter().any(|it| it == **name));
    let missing: Vec<_> = names.filter(|name| !happened(name)).collect();
    assert!(missing.is_empty(), "{missing:?} never happened: {seen:#?}");
    assert!(folds > 0, "no history is long enough to be folded: {seen:#?}");
}
