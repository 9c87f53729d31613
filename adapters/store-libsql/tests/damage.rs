//! What no hash of the kernel covers is still noticed when it is read.

#![cfg(test)]

mod common;

use common::{Dir, at, history, small};
use kernelos_store_libsql::LibsqlStore;
use ports::{Store, StoreError};
use testkit::block_on;

/// A workspace whose file was altered by `sql` while it was closed.
fn altered(sql: &str) -> (LibsqlStore, Dir) {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 3);
    drop(store);
    dir.sql("w1", sql);
    (dir.store(), dir)
}

fn is_damaged<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Damaged { what }) if what.contains("w1.db"))
}

#[test]
fn an_events_stream_place_and_sealed_units_are_covered() {
    for set in ["stream='main.1'", "seq=9", "sealed=x'00'", "ws='w2'", "hash=zeroblob(32)", "hash=x'00'"] {
        let (store, _dir) = altered(&format!("UPDATE events SET {set} WHERE pos=3"));
        assert!(is_damaged(block_on(store.events("w1", 0, 9))), "{set}");
        assert!(block_on(store.check("w1")).unwrap().iter().any(|finding| finding.contains("event 3")), "{set}");
    }
}

#[test]
fn a_rows_key_since_and_hash_are_covered() {
    for set in ["key='task/0009'", "since=2", "hash=zeroblob(32)", "space='main.1'"] {
        let (store, _dir) = altered(&format!("UPDATE rows SET {set} WHERE key='task/0001'"));
        assert!(!block_on(store.check("w1")).unwrap().is_empty(), "{set}");
        let seen = ["main.0", "main.1"].map(|space| block_on(store.range("w1", space, "task/", "task0", 99)));
        assert!(seen.into_iter().any(is_damaged), "{set}");
    }
    let (store, _dir) = altered("UPDATE rows SET ws='w9' WHERE key='task/0002'");
    assert_eq!(block_on(store.rows("w1", &[at("main.0", "task/0002")])), Ok(vec![None]));
    let findings = block_on(store.check("w1")).unwrap();
    assert!(findings.iter().any(|finding| finding.contains("row main.0/task/0002")), "{findings:?}");
}

#[test]
fn the_head_is_covered() {
    for set in ["pos=5", "epoch=7", "turn=1", "value=x'00'", "ws='w2'"] {
        let (store, _dir) = altered(&format!("UPDATE heads SET {set}"));
        assert!(is_damaged(block_on(store.head("w1"))), "{set}");
        assert!(is_damaged(block_on(store.claim("w1"))), "{set}");
        assert!(!block_on(store.check("w1")).unwrap().is_empty(), "{set}");
    }
}

#[test]
fn a_missing_event_is_named() {
    // What is missing before the first event may have been packed: that is compared with the segments when the log is verified.
    for (pos, told) in [(2, "event 2 is missing"), (3, "event 3 is missing"), (6, "the events end at 5")] {
        let (store, _dir) = altered(&format!("DELETE FROM events WHERE pos={pos}"));
        let findings = block_on(store.check("w1")).unwrap();
        assert!(findings.iter().any(|finding| finding.contains(told)), "{findings:?}");
    }
}

#[test]
fn an_event_beyond_the_head_is_damage_and_the_commit_leaves_nothing() {
    let dir = Dir::new();
    let store = dir.store();
    let hand = history(&store, 3);
    drop(store);
    dir.sql("w1", "INSERT INTO events VALUES('w1', 7, 'main.0', 7, x'', x'', x'', 0)");
    let store = dir.store();
    assert!(is_damaged(block_on(store.commit("w1", &small(&hand)))));
    assert_eq!(block_on(store.head("w1")).unwrap().pos, 6);
    assert_eq!(block_on(store.rows("w1", &[at("main.0", "a")])), Ok(vec![None]));
    assert_eq!(block_on(store.claim("w1")).unwrap().epoch, 2, "no transaction was left open");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let dir = Dir::new();
    let store = dir.store();
    history(&store, 3);
    store.close("w1");
    let whole = dir.bytes("w1.db");
    for bytes in
        [vec![], b"not a database at all".repeat(300), whole[..4096].to_vec(), whole[..whole.len() - 5000].to_vec()]
    {
        std::fs::write(dir.file("w1.db"), &bytes).unwrap();
        store.close("w1");
        let findings = block_on(store.check("w1")).unwrap();
        assert!(findings.iter().any(|finding| finding.contains("w1.db")), "{} bytes: {findings:?}", bytes.len());
    }
}

#[test]
fn another_version_of_the_tables_is_refused() {
    for sql in ["PRAGMA user_version=2", "PRAGMA application_id=1", "CREATE INDEX i ON rows(key)", "DROP TABLE rows"] {
        let (store, _dir) = altered(sql);
        assert!(is_damaged(block_on(store.head("w1"))), "{sql}");
    }
}
