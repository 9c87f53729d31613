//! One process per data directory, and what stands in it.

#![cfg(test)]

mod common;

use common::{Dir, history, small};
use kernelos_store_libsql::LibsqlStore;
use ports::{Store, StoreError};
use testkit::block_on;
use testkit::store::{Hand, dump};

#[test]
fn a_directory_that_is_in_use_is_refused_by_name() {
    let dir = Dir::new();
    let store = dir.store();
    let Err(StoreError::Unavailable(why)) = LibsqlStore::open(dir.path()) else {
        panic!("the lock let a second one in")
    };
    assert!(why.contains("another process uses the data directory"), "{why}");
    assert!(why.contains(&dir.file("lock").canonicalize().unwrap().display().to_string()), "{why}");
    drop(store);
    assert!(LibsqlStore::open(dir.path()).is_ok());
}

#[test]
fn a_directory_whose_lock_is_about_to_be_let_go_is_waited_for() {
    let dir = Dir::new();
    let ending = dir.store();
    let other = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(150));
        drop(ending);
    });
    assert!(LibsqlStore::open(dir.path()).is_ok());
    other.join().unwrap();
}

#[test]
fn a_second_store_over_the_same_directory_sees_and_fences_the_first() {
    let dir = Dir::new();
    let one = dir.store();
    let two = one.another();
    fn may_move_to_a_thread(_: &impl Send) {}
    may_move_to_a_thread(&two);
    let mut hand = history(&one, 3);
    assert_eq!(block_on(dump(&two, "w1")), block_on(dump(&one, "w1")));
    let mut other = block_on(Hand::claim(&two, "w1")).unwrap();
    assert!(block_on(hand.write(&one, 1, vec![])).is_err());
    block_on(other.write(&two, 1, vec![])).unwrap();
    hand = other;
    block_on(hand.write(&one, 1, vec![])).unwrap();
    block_on(hand.write(&two, 0, vec![])).unwrap();
    assert_eq!(block_on(one.check("w1")), Ok(vec![]));
}

#[test]
fn an_idle_store_writes_nothing() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 5);
    let before = ["w1.db", "w1.db-wal", "w1.anchor"].map(|name| dir.bytes(name));
    for _ in 0..3 {
        block_on(dump(&store, "w1")).unwrap();
        block_on(store.check("w1")).unwrap();
    }
    assert_eq!(["w1.db", "w1.db-wal", "w1.anchor"].map(|name| dir.bytes(name)), before);
}

#[test]
fn a_deleted_workspace_leaves_no_file() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 2);
    block_on(store.delete("w1")).unwrap();
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn a_creation_that_was_cut_short_left_no_workspace_and_can_be_repeated() {
    let dir = Dir::new();
    std::fs::write(dir.file("w1.new"), b"half a file").unwrap();
    std::fs::write(dir.file("w1.new-wal"), b"half a log").unwrap();
    let store = dir.store();
    assert_eq!(block_on(store.workspaces()), Ok(vec![]));
    assert_eq!(block_on(store.head("w1")), Err(StoreError::NoWorkspace));
    history(&store, 1);
}

#[test]
fn a_checkpoint_empties_the_log_and_a_close_can_be_followed_by_use() {
    let dir = Dir::new();
    let store = dir.store();
    let mut hand = history(&store, 5);
    let before = block_on(dump(&store, "w1")).unwrap();
    assert!(!dir.bytes("w1.db-wal").is_empty());
    store.checkpoint("w1").unwrap();
    assert!(dir.bytes("w1.db-wal").is_empty());
    store.close("w1");
    assert_eq!(block_on(dump(&store, "w1")).unwrap(), before);
    let batch = small(&hand);
    block_on(hand.commit(&store, &batch)).unwrap();
}

/// Somebody with a shell can hold the file's lock. The commit answers after a second, and the next one goes through.
#[test]
fn a_file_somebody_else_writes_to_is_unavailable_and_then_available() {
    let dir = Dir::new();
    let store = dir.store();
    let mut hand = history(&store, 2);
    let other = block_on(libsql::Builder::new_local(dir.file("w1.db")).build()).unwrap().connect().unwrap();
    block_on(other.execute_batch("BEGIN IMMEDIATE")).unwrap();
    let batch = small(&hand);
    assert!(matches!(block_on(hand.commit(&store, &batch)), Err(StoreError::Unavailable(_))));
    assert!(matches!(store.checkpoint("w1"), Err(StoreError::Unavailable(_))));
    block_on(other.execute_batch("ROLLBACK")).unwrap();
    block_on(hand.commit(&store, &batch)).unwrap();
    store.checkpoint("w1").unwrap();
    assert_eq!(block_on(store.check("w1")), Ok(vec![]));
}
