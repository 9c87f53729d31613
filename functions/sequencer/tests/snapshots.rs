//! Snapshots: made while commands are decided, read, fallen back from, and gone back to.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod support;

use kernel::hash::HashText;
use kernel::key::Space;
use kernel::snapshot::{CHUNKS_SPACE, Chunk, Manifest, Node};
use kernel::storage::{Address, Batch, Row, Write};
use kernelos_sequencer::{Failure, Making, verify};
use ports::{SnapshotView, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use support::Desk;
use testkit::block_on;

impl Desk {
    async fn tasks(&mut self, count: usize) {
        let jobs: Vec<_> = (0..count).map(|n| self.job("task.create", &format!(r#"{{"title":"task {n}"}}"#))).collect();
        for outcome in self.sequencer.submit(&jobs).await {
            assert_eq!(outcome.unwrap().rejected, None);
        }
    }

    /// Work that changes rows which were there before.
    async fn work(&mut self, text: &str) {
        self.ask(text).await;
        let effect = self.leased.unwrap();
        self.lease(60_000).await;
        self.report(effect, 1, "done").await;
    }

    async fn snapshot(&mut self) -> SnapshotView {
        self.sequencer.snapshot(false, self.now_ms).await.unwrap()
    }

    async fn roots(&mut self) -> BTreeMap<Space, HashText> {
        self.sequencer.describe().await.unwrap().roots
    }

    async fn is_whole(&self) -> Vec<String> {
        let verified = verify(&self.store, self.workspace, &self.key).await.unwrap();
        assert_eq!(verified.findings, vec![]);
        verified.loose
    }

    async fn chunks(&self) -> BTreeSet<String> {
        let rows = self.store.range(&self.workspace.to_string(), CHUNKS_SPACE, "", "\u{7f}", 1_000_000).await.unwrap();
        rows.into_iter().map(|(key, _)| key).collect()
    }

    /// The chunk that holds the first rows of a snapshot's main line.
    async fn first_chunk(&mut self, pos: u64) -> HashText {
        let top = self.sequencer.snapshot_at(pos).await.unwrap().spaces[&Space::MAIN].chunk;
        let rows = self.store.rows(&self.workspace.to_string(), &[Chunk::address(&top)]).await.unwrap();
        let node = Node::read(&Chunk::open(&top, &rows[0].as_ref().unwrap().value).unwrap()).unwrap();
        assert_eq!(node.level, 1, "it is an index of chunks");
        HashText(*node.entries[0].body.first_chunk().unwrap())
    }

    /// All that is due beside commands.
    async fn upkeep(&mut self) {
        while self.sequencer.keep_up(self.now_ms).await {}
    }

    /// Rows of a space as the store holds them now.
    async fn rows(&self, space: Space) -> Vec<(String, Row)> {
        self.store.range(&self.workspace.to_string(), &space.to_string(), "", "\u{7f}", 1_000_000).await.unwrap()
    }

    /// Write this beside the log, whoever owns the workspace.
    async fn write(&self, at: Address, write: Write) {
        let name = self.workspace.to_string();
        let head = self.store.head(&name).await.unwrap();
        let (expected_pos, epoch, pos) = (head.pos, head.epoch, head.pos);
        let writes = vec![(at, write)];
        self.store
            .commit(&name, &Batch { expected_pos, epoch, pos, head: head.value, events: vec![], writes })
            .await
            .unwrap();
    }
}

#[test]
fn a_snapshot_is_of_its_position_and_an_idle_workspace_has_one_of_it() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.work("hello").await;
        let before = desk.sequencer.pos();
        let (first, roots) = (desk.snapshot().await, desk.roots().await);
        assert_eq!((first.pos, &first.roots, &first.fault), (before, &roots, &None));
        assert_eq!(desk.sequencer.pos(), before, "it is no event");
        let stored = desk.everything_stored().await;
        assert_eq!(desk.snapshot().await, first, "there is one of this position");
        assert_eq!(desk.everything_stored().await, stored, "and nothing was written");
        desk.work("and again").await;
        let second = desk.snapshot().await;
        assert_eq!(desk.sequencer.snapshots().await.unwrap(), vec![first, second]);
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
    });
}

#[test]
fn rows_are_read_as_they_were() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(900).await;
        desk.work("hello").await;
        let then = [(Space::Control, desk.rows(Space::Control).await), (Space::MAIN, desk.rows(Space::MAIN).await)];
        let pos = desk.snapshot().await.pos;
        desk.tasks(300).await;
        desk.work("something else").await;
        let manifest = desk.sequencer.snapshot_at(pos).await.unwrap();
        for (space, rows) in then {
            let keys: Vec<String> = rows.iter().map(|(key, _)| key.clone()).collect();
            let found = desk.sequencer.read_at(&manifest, space, &keys).await.unwrap();
            assert_eq!(found, rows.iter().map(|(_, row)| Some(row.clone())).collect::<Vec<_>>());
            let all = desk.sequencer.range_at(&manifest, space, ["", "\u{7f}"], usize::MAX).await.unwrap();
            assert_eq!(all, rows);
            let (after, until) = (&rows[7].0, &rows[rows.len() - 3].0);
            let some = desk.sequencer.range_at(&manifest, space, [after, until], 500).await.unwrap();
            assert_eq!(some, rows[8..rows.len() - 3][..some.len()].to_vec());
            assert_eq!(some.len(), (rows.len() - 11).min(500));
            let none = desk.sequencer.read_at(&manifest, space, &["task/nobody".to_owned()]).await.unwrap();
            assert_eq!(none, vec![None]);
        }
        let refused = desk.sequencer.snapshot_at(pos + 1).await;
        assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
    });
}

#[test]
fn what_is_decided_while_a_snapshot_is_made_is_in_it() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(3_000).await;
        let (mut slices, mut made) = (0, None);
        while made.is_none() {
            made = match desk.sequencer.snapshot_slice(false, desk.now_ms).await.unwrap() {
                Making::Made(view) => Some(view),
                Making::Underway => None,
            };
            slices += 1;
            if made.is_none() && slices < 12 {
                desk.work(&format!("while slice {slices} is written")).await;
                desk.tasks(20).await;
            }
        }
        let made = made.unwrap();
        assert!(slices > 3, "{slices} slices");
        assert_eq!((made.pos, made.roots), (desk.sequencer.pos(), desk.roots().await));
        // Chunks that were packed again before it was done are in no snapshot.
        assert!(!desk.is_whole().await.is_empty());
    });
}

#[test]
fn the_next_snapshot_shares_what_did_not_change() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(4_000).await;
        let first = desk.snapshot().await;
        let chunks = desk.chunks().await;
        desk.work("one thing").await;
        let second = desk.snapshot().await;
        assert!(second.written * 10 < first.written, "{} after {}", second.written, first.written);
        assert!(chunks.is_subset(&desk.chunks().await));
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
        // Made of all rows, it comes to the same.
        desk.sequencer.snapshot(true, desk.now_ms).await.unwrap();
        let whole = desk.sequencer.snapshot_at(second.pos).await.unwrap();
        assert_eq!((whole.rows(), whole.bytes(), whole.written), (second.rows, second.bytes, 0));
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
    });
}

#[test]
fn from_empty_and_from_every_snapshot_the_past_is_the_same() {
    block_on(async {
        let mut desk = Desk::new().await;
        let mut roots = BTreeMap::new();
        for round in 0..6 {
            desk.work(&format!("round {round}")).await;
            desk.must("branch.fork", &format!(r#"{{"name":"try {round}"}}"#)).await;
            desk.tasks(50).await;
            roots.insert(desk.sequencer.pos(), desk.roots().await);
            if round % 2 == 1 {
                desk.snapshot().await;
            }
            desk.tasks(1).await;
            roots.insert(desk.sequencer.pos(), desk.roots().await);
        }
        let snapshots: Vec<u64> = desk.sequencer.snapshots().await.unwrap().iter().map(|view| view.pos).collect();
        for (pos, roots) in &roots {
            let past = desk.sequencer.past(*pos).await.unwrap();
            assert_eq!(past.from, snapshots.iter().rev().find(|at| *at <= pos).copied());
            assert_eq!(past.passed_over, vec![]);
            for (space, root) in roots {
                assert_eq!(past.replay.root(*space).as_ref(), Ok(root), "{space} at {pos}");
            }
        }
        let never = desk.sequencer.past(desk.sequencer.pos() + 1).await;
        assert!(matches!(never, Err(Failure::Refused(_))), "{:?}", never.err());
        assert_eq!(desk.sequencer.past(0).await.unwrap().replay.heads().pos(), 0);
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
    });
}

#[test]
fn a_snapshot_can_be_made_of_a_position_that_is_past() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(700).await;
        desk.snapshot().await;
        desk.work("before").await;
        let (pos, roots, rows) = (desk.sequencer.pos(), desk.roots().await, desk.rows(Space::MAIN).await);
        desk.work("behind").await;
        let made = desk.sequencer.snapshot_of(pos, desk.now_ms).await.unwrap();
        assert_eq!((made.pos, &made.roots), (pos, &roots));
        assert!(made.written < 200_000, "it shares chunks with the one before: {made:?}");
        assert_eq!(desk.sequencer.snapshot_of(pos, desk.now_ms + 1).await.unwrap(), made, "there is one now");
        let manifest = desk.sequencer.snapshot_at(pos).await.unwrap();
        assert_eq!(desk.sequencer.range_at(&manifest, Space::MAIN, ["", "~"], usize::MAX).await.unwrap(), rows);
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
    });
}

#[test]
fn behind_a_damaged_chunk_an_older_snapshot_is_taken_and_the_damage_is_named() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(600).await;
        let (old, old_chunks) = (desk.snapshot().await, desk.chunks().await);
        desk.work("later").await;
        let new = desk.snapshot().await;
        let own: Vec<String> = desk.chunks().await.difference(&old_chunks).cloned().collect();
        for (nth, chunk) in own.iter().enumerate() {
            let at = Address::new(CHUNKS_SPACE, chunk.as_str());
            if nth % 2 == 0 {
                assert!(desk.store.alter_row(&desk.workspace.to_string(), &at).unwrap());
            } else {
                desk.write(at, Write::Delete).await;
            }
            desk.restart().await;
            let past = desk.sequencer.past(desk.sequencer.pos()).await.unwrap();
            assert_eq!(past.from, Some(old.pos));
            assert_eq!(past.passed_over.len(), 1);
            assert_eq!(past.passed_over[0].what, format!("snapshot {}", new.pos));
            assert!(past.passed_over[0].why.contains(chunk.as_str()), "{:?}", past.passed_over);
            assert_eq!(past.replay.root(Space::MAIN).as_ref(), Ok(&desk.roots().await[&Space::MAIN]));
            let found = verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings;
            assert!(found.iter().any(|finding| finding.what.contains(chunk.as_str())), "{found:?}");
            // Made of all rows, it is whole again.
            desk.sequencer.snapshot(true, desk.now_ms).await.unwrap();
            assert_eq!(desk.is_whole().await, Vec::<String>::new());
            assert_eq!(desk.sequencer.past(new.pos).await.unwrap().from, Some(new.pos));
        }
        assert!(own.len() > 1, "both sorts of damage were done");
    });
}

#[test]
fn a_damaged_chunk_that_was_met_is_written_again_beside_the_next_commands() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(600).await;
        let made = desk.snapshot().await;
        let damaged = Address::new(CHUNKS_SPACE, desk.first_chunk(made.pos).await.to_string());
        assert!(desk.store.alter_row(&desk.workspace.to_string(), &damaged).unwrap());
        desk.restart().await;
        desk.upkeep().await;
        assert_eq!(desk.sequencer.past(made.pos).await.unwrap().from, None);
        desk.upkeep().await;
        assert_eq!(desk.sequencer.past(made.pos).await.unwrap().from, None, "an idle workspace writes nothing");
        desk.tasks(1).await;
        desk.upkeep().await;
        assert_eq!(desk.sequencer.past(made.pos).await.unwrap().from, Some(made.pos));
        assert_eq!(desk.sequencer.snapshots().await.unwrap().len(), 2, "with a snapshot of all rows");
        desk.is_whole().await;
    });
}

#[test]
fn a_damaged_manifest_hides_no_other_one() {
    block_on(async {
        let mut desk = Desk::new().await;
        let mut made = Vec::new();
        for round in 0..4 {
            desk.tasks(round + 1).await;
            made.push(desk.snapshot().await);
        }
        for damaged in [&made[1], &made[3]] {
            assert!(desk.store.alter_row(&desk.workspace.to_string(), &Manifest::address(damaged.pos)).unwrap());
        }
        let found = desk.sequencer.snapshots().await.unwrap();
        let faults: Vec<(u64, bool)> = found.iter().map(|view| (view.pos, view.fault.is_some())).collect();
        let expected: Vec<(u64, bool)> = made.iter().enumerate().map(|(nth, view)| (view.pos, nth % 2 == 1)).collect();
        assert_eq!(faults, expected);
        let usable = desk.sequencer.latest_valid_at_or_before(u64::MAX).await.unwrap();
        assert_eq!(usable.manifest.map(|manifest| manifest.pos), Some(made[2].pos));
        assert_eq!(usable.passed_over.len(), 1);
        assert!(!verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings.is_empty());
    });
}

#[test]
fn a_manifest_of_another_log_is_not_used_and_a_chunk_of_no_snapshot_is_named() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(3).await;
        let made = desk.snapshot().await;
        let mut manifest = desk.sequencer.snapshot_at(made.pos).await.unwrap();
        let mut packer = kernel::snapshot::Packer::default();
        packer.push(kernel::snapshot::Entry {
            key: "a".into(),
            body: kernel::snapshot::packed(&manifest.row().unwrap()).0,
        });
        let loose = packer.end().1.unwrap();
        desk.write(Chunk::address(&loose.hash()), Write::Put(loose.row(1))).await;
        assert_eq!(desk.is_whole().await, vec![loose.hash().to_string()]);
        let ends = manifest.streams.get_mut(&Space::MAIN).unwrap();
        ends.hash = HashText([9; 32]);
        manifest.streams.get_mut(&Space::Control).unwrap().hash = HashText([9; 32]);
        desk.write(Manifest::address(made.pos), Write::Put(manifest.row().unwrap())).await;
        let usable = desk.sequencer.latest_valid_at_or_before(made.pos).await.unwrap();
        assert_eq!((usable.manifest, usable.passed_over.len()), (None, 1));
        assert!(desk.sequencer.snapshots().await.unwrap()[0].fault.is_some());
        let found = verify(&desk.store, desk.workspace, &desk.key).await.unwrap().findings;
        assert!(found.iter().any(|finding| finding.what == format!("snapshot {}", made.pos)), "{found:?}");
    });
}

#[test]
fn a_snapshot_that_stops_halfway_leaves_nothing_that_is_used() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(3_000).await;
        for _ in 0..3 {
            assert_eq!(desk.sequencer.snapshot_slice(false, desk.now_ms).await.unwrap(), Making::Underway);
        }
        desk.restart().await;
        assert_eq!(desk.sequencer.snapshots().await.unwrap(), vec![]);
        assert_eq!(desk.is_whole().await.len(), desk.chunks().await.len());
        assert!(!desk.chunks().await.is_empty());
        let made = desk.snapshot().await;
        assert!(made.written < made.bytes);
        assert_eq!(desk.is_whole().await, Vec::<String>::new(), "the chunks that were there are used");
    });
}

#[test]
fn a_workspace_that_has_not_begun_has_no_snapshot() {
    block_on(async {
        let store = store_memory::MemoryStore::default();
        let id = kernel::id::WorkspaceId([4; 16]);
        store.create(&id.to_string()).await.unwrap();
        let mut sequencer = kernelos_sequencer::Sequencer::claim(std::rc::Rc::new(store), id, [1; 32]).await.unwrap();
        assert_eq!(sequencer.snapshot(false, 1).await, Err(Failure::Store(StoreError::NoWorkspace)));
        assert_eq!(sequencer.snapshots().await, Ok(vec![]));
    });
}

#[test]
fn the_newest_stay_and_what_only_the_others_needed_is_removed_after_a_grace_time() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(300).await;
        let mut made = Vec::new();
        for round in 0..14 {
            desk.work(&format!("round {round}")).await;
            made.push(desk.snapshot().await.pos);
        }
        desk.sequencer.pin_snapshot(made[2]);
        desk.work("stands on the third").await;
        let chunks = desk.chunks().await;
        while desk.sequencer.sweep(desk.now_ms).await.unwrap() {}
        let left: Vec<u64> = desk.sequencer.snapshots().await.unwrap().iter().map(|view| view.pos).collect();
        assert_eq!(
            left,
            [&made[2..3], &made[5..]].concat(),
            "the newest, one of the day before them, and the one pinned"
        );
        assert_eq!(desk.chunks().await, chunks, "chunks stay for a while");
        let loose = desk.is_whole().await;
        assert!(!loose.is_empty());
        desk.now_ms += 60 * 60 * 1000;
        while desk.sequencer.sweep(desk.now_ms).await.unwrap() {}
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
        assert_eq!(desk.chunks().await.len() + loose.len(), chunks.len());
        for pos in left {
            assert_eq!(desk.sequencer.past(pos).await.unwrap().from, Some(pos));
        }
        let stored = desk.everything_stored().await;
        assert!(!desk.sequencer.sweep(desk.now_ms).await.unwrap());
        assert_eq!(desk.everything_stored().await, stored, "there is nothing more to do");
    });
}

#[test]
fn what_a_snapshot_that_was_given_up_wrote_is_removed_and_what_is_used_again_stays() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(3_000).await;
        for _ in 0..3 {
            assert_eq!(desk.sequencer.snapshot_slice(false, desk.now_ms).await.unwrap(), Making::Underway);
        }
        desk.restart().await;
        desk.work("meanwhile").await;
        desk.now_ms += 2 * 60 * 60 * 1000;
        let old = desk.chunks().await;
        // It finds the chunks of the one that was given up, which are old enough to be removed, and counts on them.
        assert_eq!(desk.sequencer.snapshot_slice(false, desk.now_ms).await.unwrap(), Making::Underway);
        let mut other =
            kernelos_sequencer::Sequencer::claim(std::rc::Rc::new(desk.store.clone()), desk.workspace, desk.key)
                .await
                .unwrap();
        while other.sweep(desk.now_ms).await.unwrap() {}
        let left = desk.chunks().await;
        assert!(left.len() < old.len() && !left.is_disjoint(&old), "{} of {}", left.len(), old.len());
        desk.sequencer = other;
        desk.snapshot().await;
        let loose = desk.is_whole().await;
        assert!(loose.len() < 10, "{loose:?}");
    });
}

#[test]
fn a_workspace_that_is_written_to_keeps_up_and_an_idle_one_writes_nothing() {
    block_on(async {
        let mut desk = Desk::new().await;
        desk.tasks(200).await;
        assert!(!desk.sequencer.keep_up(desk.now_ms).await, "there is little to lose");
        desk.tasks(400).await;
        while desk.sequencer.keep_up(desk.now_ms).await {}
        let first = desk.sequencer.pos();
        let made = |views: Vec<SnapshotView>| views.iter().map(|view| view.pos).collect::<Vec<_>>();
        assert_eq!(made(desk.sequencer.snapshots().await.unwrap()), [first]);
        desk.now_ms += 24 * 60 * 60 * 1000;
        let stored = desk.everything_stored().await;
        assert!(!desk.sequencer.keep_up(desk.now_ms).await);
        assert_eq!(desk.everything_stored().await, stored, "time alone makes no snapshot");
        desk.work("one more thing").await;
        assert!(!desk.sequencer.keep_up(desk.now_ms).await, "there is little to lose");
        desk.tasks(600).await;
        while desk.sequencer.keep_up(desk.now_ms).await {}
        assert_eq!(made(desk.sequencer.snapshots().await.unwrap()), [first, desk.sequencer.pos()]);
        desk.tasks(4_000).await;
        assert_eq!(
            made(desk.sequencer.snapshots().await.unwrap()).len(),
            2,
            "nothing is made unless there is time for it"
        );
        desk.restart().await;
        desk.tasks(100).await;
        while desk.sequencer.keep_up(desk.now_ms).await {}
        assert_eq!(made(desk.sequencer.snapshots().await.unwrap()).last(), Some(&desk.sequencer.pos()));
        // What was packed again while commands came is noted, and goes when its time is over.
        desk.now_ms += 2 * 60 * 60 * 1000;
        while desk.sequencer.sweep(desk.now_ms).await.unwrap() {}
        assert_eq!(desk.is_whole().await, Vec::<String>::new());
    });
}
