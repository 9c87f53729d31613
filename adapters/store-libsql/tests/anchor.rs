//! A log that lost its tail is noticed, and nothing is built on it until a person says so.

#![cfg(test)]

mod common;

use std::fs;

use common::{Dir, history, small, write};
use kernelos_store_libsql::LibsqlStore;
use ports::{Store, StoreError};
use testkit::block_on;
use testkit::store::{Hand, dump};

/// A directory after a kill in which the write-ahead log was cut after its first `keep` bytes.
fn cut_log(dir: &Dir, keep: usize) -> Dir {
    let left = dir.after_a_kill();
    let log = left.bytes("w1.db-wal");
    fs::write(left.file("w1.db-wal"), &log[..keep.min(log.len())]).unwrap();
    left
}

fn damage(result: Result<impl std::fmt::Debug, StoreError>) -> String {
    match result {
        Err(StoreError::Damaged { what }) => what,
        other => panic!("not refused as damaged: {other:?}"),
    }
}

#[test]
fn a_lost_tail_is_named_refused_and_can_be_accepted() {
    let dir = Dir::new();
    let store = dir.store();
    let mut hand = history(&store, 3);
    let (kept, log) = (block_on(dump(&store, "w1")).unwrap(), dir.bytes("w1.db-wal").len());
    block_on(write(&mut hand, &store, 3)).unwrap();

    let left = cut_log(&dir, log + 100);
    let store = left.store();
    let seen = block_on(dump(&store, "w1")).unwrap();
    assert_eq!(seen, kept, "what is left can be read");
    let why = damage(block_on(store.claim("w1")));
    assert!(why.contains("log tail lost: anchor at position 8"), "{why}");
    assert!(why.contains("log ends at 6"), "{why}");
    assert_eq!(damage(block_on(store.commit("w1", &small(&Hand { pos: 6, ..hand.clone() })))), why);
    assert_eq!(block_on(store.check("w1")).unwrap(), vec![why]);

    store.accept_lost_tail("w1").unwrap();
    assert_eq!(block_on(store.check("w1")), Ok(vec![]));
    let mut hand = block_on(Hand::claim(&store, "w1")).unwrap();
    assert_eq!(hand.pos, 6);
    block_on(hand.write(&store, 1, vec![])).unwrap();
    store.close("w1");
    assert_eq!(block_on(store.check("w1")), Ok(vec![]));
}

#[test]
fn a_lost_claim_is_a_lost_tail_too() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 2);
    let log = dir.bytes("w1.db-wal").len();
    block_on(store.claim("w1")).unwrap();
    let left = cut_log(&dir, log);
    let why = damage(block_on(left.store().claim("w1")));
    assert!(why.contains("anchor at position 4 (token 2"), "{why}");
}

#[test]
fn a_lost_removal_of_sealed_units_is_a_lost_tail_too() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 2);
    let log = dir.bytes("w1.db-wal").len();
    block_on(store.drop_sealed("w1", 3)).unwrap();
    let left = cut_log(&dir, log);
    assert!(damage(block_on(left.store().claim("w1"))).contains("log tail lost"));
}

#[test]
fn a_flipped_byte_anywhere_in_the_log_is_a_lost_tail_or_changes_nothing() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 3);
    let (whole, log) = (block_on(dump(&store, "w1")).unwrap(), dir.bytes("w1.db-wal"));
    for at in (0..log.len()).step_by(997) {
        let left = dir.after_a_kill();
        let mut bytes = log.clone();
        bytes[at] ^= 0x10;
        fs::write(left.file("w1.db-wal"), &bytes).unwrap();
        let store = left.store();
        let named = block_on(store.check("w1")).map_or(true, |findings| !findings.is_empty());
        assert!(named || block_on(dump(&store, "w1")) == Ok(whole.clone()), "byte {at} of the log");
    }
}

#[test]
fn a_kill_at_any_moment_is_no_lost_tail() {
    let dir = Dir::new();
    let store = dir.store();
    let mut hand = history(&store, 1);
    for round in 1..40 {
        block_on(write(&mut hand, &store, round)).unwrap();
        let left = dir.after_a_kill();
        assert_eq!(block_on(left.store().check("w1")), Ok(vec![]));
    }
}

#[test]
fn an_anchor_that_is_behind_is_no_finding() {
    let dir = Dir::new();
    let store = dir.store();
    let mut hand = history(&store, 2);
    let behind = dir.bytes("w1.anchor");
    for round in 2..5 {
        block_on(write(&mut hand, &store, round)).unwrap();
    }
    let left = dir.after_a_kill();
    fs::write(left.file("w1.anchor"), behind).unwrap();
    assert_eq!(block_on(left.store().check("w1")), Ok(vec![]));
}

/// A file put back from an old copy is a log that ends before its anchor.
#[test]
fn an_old_copy_of_the_file_is_named() {
    let dir = Dir::new();
    let store = dir.store();
    let mut hand = history(&store, 2);
    store.close("w1");
    let old = dir.bytes("w1.db");
    block_on(write(&mut hand, &store, 2)).unwrap();
    store.close("w1");
    fs::write(dir.file("w1.db"), old).unwrap();
    assert!(damage(block_on(store.claim("w1"))).contains("log tail lost"));
}

#[test]
fn a_missing_anchor_is_named_once_there_is_something_to_lose() {
    let dir = Dir::new();
    let store = dir.store();
    let lose = |store: &LibsqlStore| {
        store.close("w1");
        fs::remove_file(dir.file("w1.anchor")).unwrap();
        block_on(store.check("w1")).unwrap()
    };
    let mut hand = history(&store, 0);
    assert_eq!(lose(&store), Vec::<String>::new());
    block_on(write(&mut hand, &store, 0)).unwrap();
    let findings = lose(&store);
    assert!(findings.len() == 1 && findings[0].contains("the anchor is missing"), "{findings:?}");
    block_on(write(&mut hand, &store, 1)).unwrap();
    assert_eq!(block_on(store.check("w1")), Ok(vec![]), "the next commit writes it again");
}

#[test]
fn an_altered_anchor_is_named() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 2);
    store.close("w1");
    let good = dir.bytes("w1.anchor");
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 4;
        fs::write(dir.file("w1.anchor"), &bytes).unwrap();
        store.close("w1");
        let findings = block_on(store.check("w1")).unwrap();
        assert!(findings.len() == 1 && findings[0].contains("the anchor is altered"), "byte {at}: {findings:?}");
    }
}

#[test]
fn a_file_that_vanished_is_not_taken_for_a_workspace_that_never_was() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 2);
    store.close("w1");
    fs::remove_file(dir.file("w1.db")).unwrap();
    assert!(damage(block_on(store.head("w1"))).contains("the file is missing"));
    assert!(damage(block_on(store.create("w1"))).contains("the file is missing"));
    block_on(store.delete("w1")).unwrap();
    assert_eq!(block_on(store.create("w1")), Ok(()));
}
