//! Destroying a subject's key changes no hash and makes what it sealed unreadable everywhere, and nothing else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use kernel::id::Id;
use kernel::key::BranchId;
use kernel::machine::KEYS_SPACE;
use kernel::reject::Code;
use kernel::seal::Subject;
use kernelos_tests::history::{Author, Kind, Op, World, config, ops};
use ports::Store;
use proptest::prelude::*;
use sequencer::Job;
use serde_json::json;
use std::collections::BTreeMap;
use testkit::block_on;

/// A history in which no key is destroyed, and the author who goes on with it.
fn played(history: &[Op]) -> (Author, World) {
    let (mut author, mut jobs) = Author::begin(0);
    jobs.extend(history.iter().filter(|op| op.kind != Kind::Destroy).map(|op| author.job(op)));
    let mut world = block_on(World::new());
    block_on(world.play(&jobs, &[]));
    (author, world)
}

/// Tasks that there are, of all that may have been made.
fn tasks(author: &Author, world: &mut World) -> Vec<Id> {
    let there = |id: &&Id| block_on(world.sequencer.task(**id)).unwrap().is_some();
    author.tasks.iter().filter(there).copied().collect()
}

fn send(world: &mut World, job: &Job) -> Option<Code> {
    block_on(world.send(job)).unwrap().rejected.map(|(code, _)| code)
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn no_hash_changes_and_nothing_can_be_read(history in ops(10..80), which in any::<usize>()) {
        let (mut author, mut world) = played(&history);
        let tasks = tasks(&author, &mut world);
        prop_assume!(!tasks.is_empty());
        let task = tasks[which % tasks.len()];
        let before = world.dump();
        let units = block_on(world.units());

        let subject = Subject::Task(task);
        prop_assert_eq!(send(&mut world, &author.write(0, BranchId::Main, "key.destroy", &json!({"subject": subject}))), None);
        let after = world.dump();
        prop_assert_eq!(&after.events[..before.events.len()], &before.events[..], "every event is what it was");
        prop_assert_eq!(after.events.len(), before.events.len() + 1);
        let rows: BTreeMap<_, _> = after.rows.iter().map(|(at, row)| (at.clone(), row.clone())).collect();
        let changed: Vec<String> = before.rows.iter().filter(|(at, row)| rows.get(at) != Some(row))
            .filter(|(at, _)| !at.space.starts_with("pages/"))
            .map(|(at, _)| format!("{}/{}", at.space, at.key.split('/').next().unwrap())).collect();
        let key = changed.iter().filter(|at| at.starts_with(KEYS_SPACE)).count();
        let rest: Vec<&str> = changed.iter().map(String::as_str).filter(|at| !at.starts_with(KEYS_SPACE)).collect();
        prop_assert_eq!((key, rest), (1, vec!["control/chain", "control/subject"]));
        prop_assert_eq!(block_on(world.findings()), vec![]);

        for forgotten in [false, true] {
            if forgotten {
                block_on(world.restart());
            }
            let now = block_on(world.units());
            let gone = now.iter().zip(&units).filter(|(now, before)| now.plaintext != before.plaintext);
            prop_assert!(gone.clone().all(|(now, _)| now.plaintext.is_none()));
            prop_assert!(gone.clone().count() > 0);
            let keys: std::collections::BTreeSet<_> = gone.map(|(now, _)| now.key).collect();
            prop_assert_eq!(keys.len(), 1, "one key went, and no other subject's content with it");
            prop_assert!(now.iter().filter(|unit| keys.contains(&unit.key)).all(|unit| unit.plaintext.is_none()));
            unreadable_in_views(&author, &mut world, task)?;
        }
        nothing_new_is_sealed(&mut author, &mut world, task)?;
        ciphertexts_may_go(&mut world)?;
    }
}

fn unreadable_in_views(author: &Author, world: &mut World, task: Id) -> Result<(), TestCaseError> {
    for other in &author.tasks {
        let Some(view) = block_on(world.sequencer.task(*other)).unwrap() else { continue };
        let gone = *other == task;
        prop_assert_eq!(view.summary.title.is_none(), gone);
        prop_assert!(view.steps.iter().all(|step| step.prompt.is_none() == gone));
        prop_assert!(!gone || view.steps.iter().all(|step| step.answer.is_none()));
    }
    for effect in &author.effects {
        let Some(view) = block_on(world.sequencer.effect(*effect)).unwrap() else { continue };
        // A notice of what was decided already is moot, too.
        prop_assert!(view.task != task || view.work == ports::sequencing::Work::Moot);
    }
    Ok(())
}

fn nothing_new_is_sealed(author: &mut Author, world: &mut World, task: Id) -> Result<(), TestCaseError> {
    let more = json!({"agent": author.agents[0], "task": task, "prompt": "one more"});
    let code = send(world, &author.write(0, BranchId::Main, "task.ask", &more));
    prop_assert!(matches!(code, Some(Code::KeyDestroyed | Code::StepWaiting | Code::InvalidArgument)), "{:?}", code);
    let again = author.write(0, BranchId::Main, "key.destroy", &json!({"subject": Subject::Task(task)}));
    prop_assert_eq!(send(world, &again), Some(Code::KeyDestroyed));
    Ok(())
}

/// A store may forget the ciphertexts too, and the workspace is as whole as before.
fn ciphertexts_may_go(world: &mut World) -> Result<(), TestCaseError> {
    let roots = block_on(world.roots());
    let unreadable: Vec<u64> =
        block_on(world.units()).iter().filter(|unit| unit.plaintext.is_none()).map(|unit| unit.pos).collect();
    for pos in unreadable {
        block_on(world.store.drop_sealed(&world.workspace.to_string(), pos)).unwrap();
    }
    prop_assert_eq!(block_on(world.findings()), vec![]);
    prop_assert_eq!(block_on(world.replayed_roots()), roots);
    let readable = block_on(world.units()).iter().all(|unit| unit.plaintext.is_some());
    prop_assert!(readable);
    Ok(())
}
