//! One command decided on two states never seals two plaintexts under one key and nonce, even when the very same
//! entropy is handed in: the worst a host could do.

use kernel::id::KeyId;
use kernelos_tests::history::{Author, Op, World, config, ops};
use proptest::prelude::*;
use std::collections::BTreeMap;
use testkit::block_on;

/// What was sealed under a key with a nonce.
type Sealed = BTreeMap<(KeyId, Vec<u8>), String>;

/// Play a history and note what it seals.
fn note(history: &[Op], sealed: &mut Sealed) -> Result<usize, TestCaseError> {
    let (mut author, mut jobs) = Author::begin(0);
    jobs.extend(history.iter().map(|op| author.job(op)));
    let mut world = block_on(World::new());
    block_on(world.play(&jobs, &[]));
    let mut again = 0;
    for unit in block_on(world.units()) {
        let Some(plaintext) = unit.plaintext else { continue };
        let before = sealed.insert((unit.key, unit.nonce), plaintext.clone());
        again += usize::from(before.is_some());
        prop_assert!(before.is_none_or(|before| before == plaintext), "one nonce sealed two plaintexts");
    }
    Ok(again)
}

proptest! {
    #![proptest_config(config(24))]

    /// The same ids, counted by the same devices, are commands with the same bytes on another state.
    #[test]
    fn on_a_state_with_another_history(history in ops(1..60), other in ops(1..60)) {
        let mut sealed = Sealed::new();
        note(&history, &mut sealed)?;
        // What every history begins with is sealed again, to the same units.
        prop_assert!(note(&other, &mut sealed)? > 0);
    }

    /// A device that was copied writes other commands under the same ids.
    #[test]
    fn with_other_bytes_under_the_same_ids(history in ops(1..60), shift in 1u16..9) {
        let mut sealed = Sealed::new();
        note(&history, &mut sealed)?;
        let other: Vec<Op> = history.iter().map(|op| Op { other: op.other.wrapping_add(shift), ..*op }).collect();
        note(&other, &mut sealed)?;
    }

    /// A command is decided on a branch and on `main`.
    #[test]
    fn on_a_branch_and_on_main(history in ops(1..60)) {
        let mut sealed = Sealed::new();
        note(&history.iter().map(|op| Op { branch: 0, ..*op }).collect::<Vec<_>>(), &mut sealed)?;
        note(&history.iter().map(|op| Op { branch: 255, ..*op }).collect::<Vec<_>>(), &mut sealed)?;
    }

    /// The same command comes later, when more is known.
    #[test]
    fn earlier_and_later(history in ops(2..60), keep in 1usize..60) {
        let mut sealed = Sealed::new();
        note(&history, &mut sealed)?;
        let fewer: Vec<Op> = history.iter().enumerate().filter(|(nth, _)| nth % keep != 0).map(|(_, op)| *op).collect();
        note(&fewer, &mut sealed)?;
    }
}
