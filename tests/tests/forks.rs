//! Forks: what happens on one side is not seen on the other, however deep the forks and however interleaved the sides.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use kernel::entity::Task;
use kernel::id::Id;
use kernel::key::{BranchId, Key, Line, Space};
use kernel::machine::{Stop, Workspace};
use kernel::view::Halt;
use kernelos_tests::history::{Author, Kind, Op, World, config, ops};
use ports::Store;
use proptest::prelude::*;
use std::collections::BTreeMap;
use testkit::block_on;

/// What a line sees of the tasks: how many steps each has. Read through a machine that knows nothing yet.
fn seen(world: &World, branch: BranchId, tasks: &[Id]) -> BTreeMap<Id, u64> {
    let name = world.workspace.to_string();
    let head = block_on(world.store.head(&name)).unwrap();
    let mut machine = Workspace::open(world.workspace, world.key, &head).unwrap();
    let line = Line { branch, incarnation: 0 };
    let mut seen = BTreeMap::new();
    for task in tasks {
        let steps = loop {
            let read = machine.read(line).data::<Task>(Key::Task(*task)).map(|task| task.map(|task| task.steps.0));
            match read {
                Ok(steps) => break steps,
                Err(Halt::Load(want)) => supply(world, &mut machine, want),
                Err(other) => panic!("{other:?}"),
            }
        };
        seen.extend(steps.map(|steps| (*task, steps)));
    }
    seen
}

fn supply(world: &World, machine: &mut Workspace, want: kernel::view::Want) {
    use kernel::machine::kept_key;
    use kernel::view::Want;
    let name = world.workspace.to_string();
    let supplied: Result<(), Stop> = match want {
        Want::Rows(space, keys) => {
            let addresses: Vec<_> = keys.iter().map(|key| key.address(space)).collect();
            let rows = block_on(world.store.rows(&name, &addresses)).unwrap();
            machine.supply_rows(space, keys.into_iter().zip(rows).collect())
        }
        Want::Kept(line, key) => {
            let (after, until) = (kept_key(&key, 0), kept_key(&key, u64::MAX));
            let space = Space::Kept(line).to_string();
            let rows = block_on(world.store.range(&name, &space, &after, &until, 1_000)).unwrap();
            machine.supply_kept(line, key, &rows)
        }
        other => panic!("reading a task asked for {other:?}"),
    };
    supplied.unwrap();
}

/// What every line saw when it was looked at last, and what changes it.
fn data_streams(world: &World) -> BTreeMap<String, u64> {
    let mut streams = BTreeMap::new();
    for event in world.dump().events {
        streams.insert(event.stream.clone(), event.seq);
    }
    streams
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_line_changes_only_by_its_own_events(history in ops(20..90), often in 0u8..30) {
        let (mut author, jobs) = Author::begin(0);
        let mut world = block_on(World::new());
        block_on(world.play(&jobs, &[]));
        let mut last: BTreeMap<BranchId, (BTreeMap<Id, u64>, Option<u64>)> = BTreeMap::new();
        for (nth, op) in history.iter().enumerate() {
            // More forks, and more of what follows on them, than histories have by themselves.
            let kind = if nth % 9 == 3 { Kind::Fork } else { op.kind };
            let on_fork = nth % 3 == 0 && matches!(kind, Kind::Create | Kind::Fork | Kind::Agent);
            let op = Op { kind, branch: if on_fork { 0 } else { op.branch.max(often) }, ..*op };
            let _ = block_on(world.send(&author.job(&op)));
            if nth % 8 != 0 && nth + 1 != history.len() {
                continue;
            }
            let streams = data_streams(&world);
            let lines: Vec<BranchId> =
                [BranchId::Main].into_iter().chain(author.branches.iter().map(|id| BranchId::Forked(*id))).collect();
            for branch in lines {
                let line = Line { branch, incarnation: 0 };
                let seq = streams.get(&Space::Data(line).to_string()).copied();
                let now = seen(&world, branch, &author.tasks);
                if let Some((before, at)) = last.get(&branch)
                    && *at == seq && branch != BranchId::Main
                    && block_on(exists(&world, branch))
                {
                    prop_assert_eq!(before, &now, "{} changed without an event of its own", branch);
                }
                if block_on(exists(&world, branch)) {
                    last.insert(branch, (now, seq));
                }
            }
        }
        prop_assert_eq!(block_on(world.findings()), vec![]);
        prop_assert_eq!(block_on(world.replayed_roots()), block_on(world.roots()));
    }

    #[test]
    fn the_root_of_a_fork_changes_only_with_the_fork(history in ops(10..60)) {
        let (mut author, jobs) = Author::begin(0);
        let mut world = block_on(World::new());
        block_on(world.play(&jobs, &[]));
        let fork = Op { kind: Kind::Fork, device: 0, pick: 0, other: 0, branch: 255, passes_ms: 1 };
        block_on(world.send(&author.job(&fork))).unwrap();
        let create = Op { kind: Kind::Create, branch: 0, ..fork };
        block_on(world.send(&author.job(&create))).unwrap();
        let line = Line { branch: BranchId::Forked(author.branches[0]), incarnation: 0 };
        let space = Space::Data(line);
        let (mut root, mut seq) = (block_on(world.roots()).get(&space).copied(), data_streams(&world).get(&space.to_string()).copied());
        prop_assert!(root.is_some());
        for op in &history {
            let _ = block_on(world.send(&author.job(op)));
            let now = block_on(world.roots()).get(&space).copied();
            let seq_now = data_streams(&world).get(&space.to_string()).copied();
            prop_assert_eq!(now != root, seq_now != seq);
            (root, seq) = (now, seq_now);
        }
    }
}

async fn exists(world: &World, branch: BranchId) -> bool {
    let name = world.workspace.to_string();
    let rows = world.store.rows(&name, &[Key::Branch(branch).address(Space::Control)]).await.unwrap();
    rows.into_iter().flatten().next().is_some()
}
