//! Whatever happens in a workspace, whenever snapshots are made of it and whenever somebody dies: from empty, from every
//! snapshot, and live, it is the same, and no fact of control ever goes back.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kernel::key::Space;
use kernel::machine::Reply;
use kernel::replay::{Pins, Replay, note_restore};
use kernel::snapshot::{Manifest, holds};
use kernel::storage::Row;
use kernelos_tests::history::{Author, World, config, ops};
use ports::Store as _;
use proptest::prelude::*;
use sequencer::{Job, Making, Sequencer};
use simulation::{ControlFacts, Stops};
use std::collections::BTreeMap;
use std::rc::Rc;
use testkit::block_on;

/// What is done between two batches of commands.
#[derive(Debug, Clone, Copy)]
enum Between {
    Nothing,
    /// A little of a snapshot.
    Slice,
    /// All of one.
    Snapshot,
    /// One of all rows.
    Whole,
    /// The process ends in the middle of whatever it does.
    Restart,
    /// What outlived its time is removed, an hour later.
    Sweep,
    /// Whoever decides the next commands dies at that call of the store, and another one goes on.
    Death(u64),
}

fn between() -> impl Strategy<Value = Vec<(usize, Between)>> {
    use Between::{Death, Nothing, Restart, Slice, Snapshot, Sweep, Whole};
    let what = prop_oneof![
        3 => Just(Nothing), 4 => Just(Slice), 3 => Just(Snapshot), 1 => Just(Whole), 1 => Just(Restart), 1 => Just(Sweep),
        4 => (0_u64..60).prop_map(Death)
    ];
    proptest::collection::vec((1_usize..12, what), 1..12)
}

struct Told {
    world: World,
    now_ms: u64,
    /// Roots at the positions of snapshots, as the sequencer said them then.
    roots: BTreeMap<u64, BTreeMap<Space, kernel::hash::HashText>>,
}

impl Told {
    async fn between(&mut self, what: Between) {
        self.now_ms += 1_000;
        let made = match what {
            Between::Nothing | Between::Death(_) => None,
            Between::Slice => match self.world.sequencer.snapshot_slice(false, self.now_ms).await.unwrap() {
                Making::Made(view) => Some(view),
                Making::Underway => None,
            },
            Between::Snapshot => Some(self.world.sequencer.snapshot(false, self.now_ms).await.unwrap()),
            Between::Whole => Some(self.world.sequencer.snapshot(true, self.now_ms).await.unwrap()),
            Between::Restart => {
                self.world.restart().await;
                None
            }
            Between::Sweep => {
                self.now_ms += 60 * 60 * 1_000;
                while self.world.sequencer.sweep(self.now_ms).await.unwrap() {}
                None
            }
        };
        if let Some(made) = made {
            let roots = self.world.roots().await;
            assert_eq!((made.pos, &made.roots), (self.world.sequencer.pos(), &roots));
            self.roots.insert(made.pos, roots);
        }
    }

    /// The commands are given to somebody who dies at that call, and then again to who comes after.
    async fn dies(&mut self, batch: &[Job], at: u64) {
        let store = Rc::new(Stops::over(Rc::new(self.world.store.clone())));
        let (workspace, key) = (self.world.workspace, self.world.key);
        let mut one = Sequencer::claim(Rc::<Stops>::clone(&store), workspace, key).await.unwrap();
        store.after(at);
        let before = one.submit(batch).await;
        self.world.restart().await;
        let after = self.world.sequencer.submit(batch).await;
        for (before, after) in before.into_iter().zip(after) {
            // Whatever was answered is answered alike for ever.
            if let Ok(before) = before {
                assert_eq!(after, Ok(Reply { known: true, ..before }));
            }
        }
    }

    /// Positions that restores went back to.
    fn restores(&self) -> Pins {
        let mut pins = Pins::new();
        self.world.dump().events.iter().for_each(|event| note_restore(event, &mut pins));
        pins
    }

    /// Rows that a replay from that snapshot, or from empty, comes to at the end of the log.
    async fn replayed(&mut self, from: Option<&Manifest>) -> BTreeMap<String, BTreeMap<String, Row>> {
        let pins = self.restores();
        let mut replay = Replay::with_restores(self.world.workspace, pins.clone());
        if let Some(manifest) = from {
            let mut rows = Vec::new();
            for space in manifest.spaces.keys() {
                let found = self.world.sequencer.range_at(manifest, *space, ["", "~"], usize::MAX).await.unwrap();
                rows.extend(found.into_iter().map(|(key, row)| (*space, key, row)));
            }
            replay = Replay::from_snapshot(manifest, rows).unwrap();
            for (space, root) in &manifest.roots {
                assert_eq!(replay.root(*space).as_ref(), Ok(root), "{space} at {}", manifest.pos);
            }
            // What restores went back to before is told by the snapshots that stay for them.
            for (line, positions) in &pins {
                for pos in positions.range(..manifest.pos) {
                    let stood_on = self.world.sequencer.snapshot_at(*pos).await.unwrap();
                    let space = Space::Data(*line);
                    let root = *stood_on.roots.get(&space).unwrap();
                    let rows = self.world.sequencer.range_at(&stood_on, space, ["", "~"], usize::MAX).await.unwrap();
                    replay.supply_past(*line, *pos, root, rows).unwrap();
                }
            }
            replay.announce(pins).unwrap();
        }
        let name = self.world.workspace.to_string();
        for event in self.world.store.events(&name, replay.heads().pos(), usize::MAX >> 1).await.unwrap() {
            replay.event(&event).unwrap();
        }
        let mut rows = replay.rows().unwrap();
        rows.retain(|space, _| space.parse().is_ok_and(holds));
        rows
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn from_empty_from_every_snapshot_and_live_are_the_same(history in ops(1..280), between in between()) {
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        block_on(async {
            let mut told = Told { world: World::new().await, now_ms: 1_000, roots: BTreeMap::new() };
            let mut facts = ControlFacts::default();
            let (mut rest, mut turn) = (jobs.as_slice(), 0);
            while !rest.is_empty() {
                let (count, what) = between[turn % between.len()];
                let (batch, after) = rest.split_at(count.min(rest.len()));
                match what {
                    Between::Death(at) => told.dies(batch, at).await,
                    _ => drop(told.world.sequencer.submit(batch).await),
                }
                told.between(what).await;
                prop_assert_eq!(facts.look(&told.world.dump().rows), Ok(()));
                (rest, turn) = (after, turn + 1);
            }
            told.between(Between::Snapshot).await;
            prop_assert_eq!(told.world.findings().await, vec![]);
            let from_empty = told.replayed(None).await;
            let made = told.world.sequencer.snapshots().await.unwrap();
            prop_assert!(!made.is_empty());
            for view in made {
                prop_assert_eq!(view.fault, None);
                // Others were made for a restore, or for one that was refused then.
                if let Some(roots) = told.roots.get(&view.pos) {
                    prop_assert_eq!(&view.roots, roots);
                }
                let manifest = told.world.sequencer.snapshot_at(view.pos).await.unwrap();
                prop_assert_eq!(&told.replayed(Some(&manifest)).await, &from_empty);
                let past = told.world.sequencer.past(view.pos).await.unwrap();
                prop_assert_eq!((past.from, past.passed_over), (Some(view.pos), vec![]));
            }
            Ok(())
        })?;
    }
}
