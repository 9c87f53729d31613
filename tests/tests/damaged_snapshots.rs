//! Whatever happens to chunks and manifests of snapshots, it is named, and nothing that anybody reads becomes another.
//!
//! `KERNELOS_DAMAGE_FLIPS` and `KERNELOS_DAMAGE_SEED` say how many bits are flipped, and which.

#![cfg(test)]

#[path = "support/dice.rs"]
mod dice;

use dice::{Dice, from_environment};
use kernel::hash::{Domain, HashText, hash};
use kernel::key::Space;
use kernel::snapshot::{CHUNKS_SPACE, Manifest, SNAPSHOTS_SPACE};
use kernel::storage::{Address, Batch, Row, Write};
use kernelos_tests::history::{Author, World, ops};
use ports::views::Query;
use ports::{Store as _, StoreError};
use proptest::strategy::{Strategy as _, ValueTree as _};
use sequencer::{Failure, Sequencer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use testkit::block_on;

/// A workspace that went back, and of which there are several snapshots.
struct Subject {
    world: World,
    /// Positions that are read as they were.
    positions: Vec<u64>,
}

/// What is read of it: answers by what was asked. Whoever is told of damage was told nothing wrong.
type Answers = BTreeMap<String, Option<Value>>;

impl Subject {
    async fn new() -> Self {
        let history = ops(70).new_tree(&mut proptest::test_runner::TestRunner::deterministic()).unwrap().current();
        let (mut author, mut jobs) = Author::begin(0);
        jobs.extend(history.iter().map(|op| author.job(op)));
        let mut subject = Self { world: World::new().await, positions: Vec::new() };
        for batch in jobs.chunks(jobs.len().div_ceil(4)) {
            subject.world.sequencer.submit(batch).await;
            let made = subject.world.sequencer.snapshot(false, 1_000).await.unwrap();
            subject.positions.push(made.pos);
        }
        subject.positions.truncate(3);
        // The newest line stands on what was, and is read through the snapshot there.
        let back = subject.positions[1];
        subject.positions.remove(0);
        let restore = author.write(0, kernel::key::BranchId::Main, "branch.restore", &serde_json::json!({"pos": back}));
        assert_eq!(subject.world.send(&restore).await.unwrap().rejected, None);
        subject.positions.push(subject.world.sequencer.pos());
        subject
    }

    /// The rows of a space whose keys begin so.
    async fn addresses(&self, space: &str, prefix: &str) -> Vec<Address> {
        let name = self.world.workspace.to_string();
        let rows = self.world.store.range(&name, space, prefix, "\u{7f}", usize::MAX >> 1).await.unwrap();
        let named = rows.into_iter().filter(|(key, _)| key.starts_with(prefix) && !key.starts_with(Manifest::LOOSE));
        named.map(|(key, _)| Address::new(space, key)).collect()
    }

    async fn row(&self, at: &Address) -> Row {
        let name = self.world.workspace.to_string();
        self.world.store.rows(&name, std::slice::from_ref(at)).await.unwrap().remove(0).unwrap()
    }

    /// Write a row past everybody, with a hash that fits: no store can tell that it is another.
    async fn put(&self, at: &Address, row: Row) {
        let name = self.world.workspace.to_string();
        let head = self.world.store.head(&name).await.unwrap();
        let (expected_pos, epoch, pos) = (head.pos, head.epoch, head.pos);
        let row = Row { hash: hash(Domain::Row, &[&row.value]), ..row };
        let writes = vec![(at.clone(), Write::Put(row))];
        let batch = Batch { expected_pos, epoch, pos, head: head.value, writes, ..Batch::default() };
        self.world.store.commit(&name, &batch).await.unwrap();
    }

    /// Everything that is read, by somebody who comes anew.
    async fn answers(&self) -> Answers {
        let store = Rc::new(self.world.store.clone());
        let mut it = Sequencer::claim(store, self.world.workspace, self.world.key).await.unwrap();
        let mut answers = Answers::new();
        let described = it.describe().await.map(|view| serde_json::to_value(view.roots).unwrap());
        answers.insert("roots".to_owned(), told(described));
        for query in [Query::Tasks(0, 256), Query::Agents, Query::Documents, Query::Approvals(true), Query::Usage] {
            let read = it.read(&query).await.map(Option::unwrap_or_default);
            answers.insert(format!("{query:?}"), told(read));
        }
        for pos in &self.positions {
            let past = it.past(*pos).await.map(|past| {
                let spaces = past.replay.state().mapped().map(|(space, _)| space);
                let roots: BTreeMap<Space, HashText> = spaces.map(|it| (it, past.replay.root(it).unwrap())).collect();
                serde_json::to_value(roots).unwrap()
            });
            answers.insert(format!("the past at {pos}"), told(past));
        }
        answers
    }

    /// What is found, in words.
    async fn found(&self) -> Vec<String> {
        self.world.findings().await.into_iter().map(|finding| format!("{}: {}", finding.what, finding.why)).collect()
    }
}

fn told(read: Result<Value, Failure>) -> Option<Value> {
    match read {
        Ok(value) => Some(value),
        Err(Failure::Store(StoreError::Damaged { .. })) => None,
        // One whose own key is gone finds nothing by name, damaged or not.
        Err(Failure::Refused(rejection)) => Some(Value::from(rejection.code.name())),
        Err(other) => panic!("{other:?}"),
    }
}

/// Flip bits of those rows one by one; each has to be named or to be harmless, and no answer may become another.
async fn flipped(space: &str, prefix: &str) {
    let (subject, flips) = (Subject::new().await, from_environment("KERNELOS_DAMAGE_FLIPS", 1_000));
    let mut dice = Dice::new(from_environment("KERNELOS_DAMAGE_SEED", 1));
    let (before, addresses) = (subject.answers().await, subject.addresses(space, prefix).await);
    assert!(addresses.len() >= 4, "{} rows of {space}/{prefix}", addresses.len());
    assert_eq!(subject.found().await, Vec::<String>::new());
    let (mut named, mut harmless, mut refused) = (0, 0, 0);
    for _ in 0..flips {
        let at = &addresses[dice.place(addresses.len())];
        let good = subject.row(at).await;
        let mut bad = good.clone();
        let (byte, bit) = (dice.place(bad.value.len()), dice.below(8));
        bad.value[byte] ^= 1 << bit;
        subject.put(at, bad).await;
        let which = format!("bit {bit} of byte {byte} of {space}/{}", at.key);
        for (what, answer) in subject.answers().await {
            refused += u64::from(answer.is_none());
            assert!(answer.is_none() || answer == before[&what], "{which} made {what} another");
        }
        // When it was made and what it cost to write is believed: no answer follows from it.
        let found = subject.found().await;
        harmless += u64::from(found.is_empty());
        named += u64::from(found.iter().any(|it| it.contains(&at.key) || it.contains("snapshot ")));
        subject.put(at, good).await;
    }
    println!(
        "{flips} flips in {} rows of {space}/{prefix}: {named} named, {harmless} harmless, {refused} answers refused",
        addresses.len()
    );
    assert_eq!(named + harmless, flips, "something is found, and not what was altered");
    assert!(named * 10 > flips * 9, "{harmless} of {flips} are believed");
    assert!(subject.answers().await == before, "all is as it was");
}

#[test]
fn a_flipped_bit_of_a_chunk_is_named_and_no_answer_becomes_another() {
    block_on(flipped(CHUNKS_SPACE, ""));
}

#[test]
fn a_flipped_bit_of_a_manifest_is_named_and_no_answer_becomes_another() {
    block_on(flipped(SNAPSHOTS_SPACE, "at/"));
}
