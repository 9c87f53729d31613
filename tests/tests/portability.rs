//! A workspace that travels is the same one elsewhere, or it is not there.
//!
//! `KERNELOS_DAMAGE_FLIPS` and `KERNELOS_DAMAGE_SEED` say how many bits are flipped, and which.

#![cfg(test)]

#[path = "support/dice.rs"]
mod dice;

use async_trait::async_trait;
use dice::{Dice, from_environment};
use kernel::key::Space;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use kernelos::transfer::Scan;
use kernelos_tests::history::{Author, Between, Pace, World, ops};
use kernelos_tests::travel::{Elsewhere, exported};
use ports::problem::Fault;
use ports::transfer::{FRAME_BYTES_MAX, ImportAsk};
use ports::views::Query;
use ports::{Store, StoreError};
use proptest::strategy::{Strategy as _, ValueTree as _};
use sequencer::{Failure, Sequencer, is_under_way, verify};
use serde_json::Value;
use std::cell::Cell;
use std::rc::Rc;
use store_memory::MemoryStore;
use testkit::block_on;

const COMMANDS: usize = 2_000;
const SLICE: usize = 1 << 20;

/// A world in which a history of so many commands took place.
fn world(commands: usize) -> (World, Author) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let history = ops(commands).new_tree(&mut runner).unwrap().current();
    let (mut author, mut jobs) = Author::begin(0);
    jobs.extend(history.iter().map(|op| author.job(op)));
    let mut world = block_on(World::new());
    block_on(world.play(&jobs, &[Pace { batch: 64, before: Between::Nothing }]));
    (world, author)
}

/// Everything that can be read of a workspace, up to a position.
async fn everything(sequencer: &mut Sequencer, author: &Author, pos: u64) -> Vec<Value> {
    let mut all = Vec::new();
    for query in [
        Query::Tasks(0, 10_000),
        Query::Agents,
        Query::Providers,
        Query::Workflows,
        Query::Capabilities,
        Query::Approvals(true),
        Query::Usage,
        Query::Egress,
        Query::Documents,
    ] {
        // One whose own key is gone finds nothing by name, here and there.
        let read = sequencer.read(&query).await;
        all.push(read.map_or_else(|failure| Value::from(format!("{failure:?}")), Option::unwrap_or_default));
    }
    for task in &author.tasks {
        let Some(view) = sequencer.task(*task).await.unwrap() else { continue };
        for step in &view.steps {
            all.extend(sequencer.read(&Query::Context(step.id, None)).await.unwrap());
        }
        all.push(serde_json::to_value(view).unwrap());
    }
    for effect in &author.effects {
        all.push(serde_json::to_value(sequencer.effect(*effect).await.unwrap()).unwrap());
    }
    all.push(serde_json::to_value(sequencer.waiting(256).await.unwrap()).unwrap());
    for view in sequencer.events(0, pos as usize).await.unwrap() {
        all.push(serde_json::from_slice(&view.event.body).unwrap());
        all.push(serde_json::to_value(view.content).unwrap());
    }
    all
}

#[test]
fn a_history_of_two_thousand_commands_is_the_same_elsewhere_and_when_it_comes_back() {
    let (mut here, author) = world(COMMANDS);
    block_on(async {
        let before = here.sequencer.describe().await.unwrap();
        let read = everything(&mut here.sequencer, &author, before.pos).await;
        let mut file = exported(&mut here.sequencer).await;
        for (journey, public_key) in [(1, [77; 32]), (2, [1; 32])] {
            let mut there = Elsewhere::new(Rc::new(MemoryStore::new()), here.workspace, public_key).await;
            assert!(there.take_in(&file, SLICE).await.unwrap().complete);
            let after = there.sequencer.describe().await.unwrap();
            assert_eq!(after.origin.map(|origin| (origin.incarnation, origin.held)), Some((journey, true)));
            for (space, root) in before.roots.iter().filter(|(space, _)| **space != Space::Control) {
                assert_eq!(after.roots[space], *root, "{space}");
            }
            assert!(everything(&mut there.sequencer, &author, before.pos).await == read, "something reads otherwise");
            let verified = verify(&*there.store, there.workspace, &there.key).await.unwrap();
            assert_eq!((verified.findings, &verified.roots), (vec![], &after.roots));
            file = exported(&mut there.sequencer).await;
        }
    });
}

/// What is wrong with `file`, as somebody who only has the file is told.
fn told(file: &[u8]) -> Option<String> {
    let mut scan = Scan::default();
    let scanned = file.chunks(SLICE).try_for_each(|piece| scan.feed(piece)).and_then(|()| scan.end());
    scanned.err().map(|problem| problem.code)
}

#[test]
fn a_file_that_was_altered_or_cut_anywhere_is_named_and_leaves_nothing() {
    let (mut here, _) = world(60);
    let file = block_on(exported(&mut here.sequencer));
    assert_eq!(told(&file), None);
    let flips = from_environment("KERNELOS_DAMAGE_FLIPS", 1_000);
    let mut dice = Dice::new(from_environment("KERNELOS_DAMAGE_SEED", 1));
    for nth in 0..flips {
        let at = dice.place(file.len());
        let mut bad = file.clone();
        if nth % 4 == 0 {
            bad.truncate(at);
        } else {
            bad[at] ^= 1 << dice.below(8);
        }
        let code = told(&bad).unwrap_or_else(|| panic!("byte {at} of {} is not named", file.len()));
        assert!(code.starts_with("import_"), "{code}");
        block_on(async {
            let store = MemoryStore::new();
            let mut there = Elsewhere::new(Rc::new(store.clone()), here.workspace, [77; 32]).await;
            let faults = [Fault::ImportAltered, Fault::ImportForeign, Fault::ImportVersion, Fault::ImportWrongKey];
            match there.take_in(&bad, SLICE).await {
                Ok(stand) => assert!(!stand.complete && stand.offset < file.len() as u64, "byte {at}"),
                Err(Failure::Transfer(fault, _)) => assert!(faults.contains(&fault), "byte {at}: {fault:?}"),
                Err(other) => panic!("byte {at}: {other:?}"),
            }
            if is_under_way(&store, here.workspace).await.unwrap() {
                assert_eq!(there.sequencer.describe().await, Err(Failure::Store(StoreError::NoWorkspace)));
                there.ask(ImportAsk::Abandon { whole: None }).await.unwrap();
                assert!(store.dump(&here.workspace.to_string()).is_err(), "byte {at}");
            }
        });
    }
}

/// A store that looks how much is asked for and committed at once.
struct Watched {
    inner: MemoryStore,
    most: Rc<Cell<usize>>,
}

impl Watched {
    fn rows<'r>(&self, rows: impl Iterator<Item = &'r Row>) {
        self.most.set(self.most.get().max(rows.map(|row| row.value.len()).sum()));
    }

    fn log(&self, events: &[StoredEvent]) {
        let bytes = events.iter().map(|event| event.body.len() + event.sealed.len()).sum();
        self.most.set(self.most.get().max(bytes));
    }
}

#[async_trait(?Send)]
impl Store for Watched {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.inner.create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.inner.delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.inner.delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.inner.workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.inner.claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.inner.head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let rows = self.inner.rows(workspace, addresses).await?;
        self.rows(rows.iter().flatten());
        Ok(rows)
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let rows = self.inner.range(workspace, space, after, until, limit).await?;
        self.rows(rows.iter().map(|(_, row)| row));
        Ok(rows)
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.inner.spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let events = self.inner.events(workspace, after, limit).await?;
        self.log(&events);
        Ok(events)
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.log(&batch.events);
        self.rows(batch.writes.iter().filter_map(|(_, write)| match write {
            Write::Put(row) | Write::Insert(row) => Some(row),
            Write::Delete => None,
        }));
        self.inner.commit(workspace, batch).await
    }

    async fn space(&self, workspace: &str) -> Result<ports::Space, StoreError> {
        self.inner.space(workspace).await
    }

    async fn sizes(&self, workspace: &str) -> Result<ports::Sizes, StoreError> {
        self.inner.sizes(workspace).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.inner.drop_sealed(workspace, pos).await
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.inner.check(workspace).await
    }
}

#[test]
fn no_step_of_a_journey_holds_more_than_a_little_of_the_workspace() {
    let (here, _) = world(COMMANDS);
    block_on(async {
        let most = Rc::new(Cell::new(0));
        let watched = Watched { inner: here.store.clone(), most: Rc::clone(&most) };
        let mut from = Sequencer::claim(Rc::new(watched), here.workspace, here.key).await.unwrap();
        let whole = here.dump();
        let all: usize = whole.events.iter().map(|event| event.body.len() + event.sealed.len()).sum::<usize>()
            + whole.rows.iter().map(|(_, row)| row.value.len()).sum::<usize>();
        // Roots are folded from what changed since the last fold, which is bounded, too.
        from.describe().await.unwrap();
        most.set(0);
        let file = exported(&mut from).await;
        let given = most.get();
        let store = Rc::new(Watched { inner: MemoryStore::new(), most: Rc::clone(&most) });
        let mut there = Elsewhere::new(store, here.workspace, [77; 32]).await;
        most.set(0);
        assert!(there.take_in(&file, SLICE).await.unwrap().complete);
        let taken = most.get();
        assert!(given <= FRAME_BYTES_MAX && taken <= 2 * FRAME_BYTES_MAX, "{given} and {taken} of {all} bytes at once");
        assert!(all > 4 * (given + taken), "{given} and {taken} of {all} bytes: the workspace is too small to tell");
    });
}
