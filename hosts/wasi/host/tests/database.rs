//! What the database interface leaves open, and how this host reads it.
#![cfg(test)]

mod support;

use kernelos_wasi_host::Limits;
use serde_json::{Value, json};
use support::Probes;

fn probes() -> Probes {
    Probes::start("sqlite_databases = [\"default\"]", Limits::default())
}

fn refused(told: &Value, nth: usize, because: &str) {
    assert!(told[nth]["error"].as_str().is_some_and(|why| why.contains(because)), "{told}");
}

#[test]
fn a_statement_takes_effect_as_a_whole_and_is_there_for_the_next_request() {
    let probes = probes();
    let told = probes.sql(json!([
        [0, "CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT) STRICT"],
        [0, "INSERT INTO t VALUES(?1, ?2)", 1, "one"],
        [1, "SELECT * FROM t"],
        [0, "INSERT INTO t VALUES(2, 'two'), (1, 'again')"],
        [0, "SELECT count(*) FROM t"],
    ]));
    assert_eq!(told[2], json!([[1, "one"]]));
    refused(&told, 3, "UNIQUE constraint failed: t.k");
    assert_eq!(told[4], json!([[1]]));
    assert_eq!(
        probes.sql(json!([[0, "SELECT v FROM t"], [0, "PRAGMA journal_mode=WAL"]])),
        json!([[["one"]], [["wal"]]])
    );
}

#[test]
fn a_transaction_is_one_statement_and_nothing_reaches_beyond_a_connection() {
    let probes = probes();
    let told = probes.sql(json!([
        [0, "BEGIN"],
        [0, "BEGIN IMMEDIATE"],
        [0, "SAVEPOINT s"],
        [0, "COMMIT"],
        [0, "ATTACH DATABASE 'other.db' AS other"],
        [0, "PRAGMA synchronous=OFF"],
        [0, "PRAGMA journal_mode=DELETE"],
        [0, "SELECT load_extension('x')"],
        [0, "CREATE TEMP TABLE own(x)"],
        [1, "SELECT * FROM own"],
        [0, "SELECT ?1"],
        [5, "SELECT 1"],
    ]));
    for nth in 0..8 {
        refused(&told, nth, "not authorized");
    }
    assert_eq!(told[8], json!([]));
    refused(&told, 9, "no such table");
    refused(&told, 10, "takes 1 values and was given 0");
    refused(&told, 11, "at most 4 connections");
}

#[test]
fn a_guard_that_raises_rolls_the_statement_back_and_its_words_arrive() {
    let probes = probes();
    let told = probes.sql(json!([
        [0, "CREATE TABLE t(k INTEGER PRIMARY KEY) STRICT"],
        [0, "CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.k=2 BEGIN SELECT RAISE(ABORT, 'kernelos: no'); END"],
        [0, "INSERT INTO t SELECT 1 UNION ALL SELECT 2"],
        [0, "SELECT count(*) FROM t"],
    ]));
    assert_eq!(told[2], json!({ "error": "kernelos: no" }));
    assert_eq!(told[3], json!([[0]]));
}

#[test]
fn values_that_are_too_large_are_refused_both_ways() {
    let probes = probes();
    let told = probes.sql(json!([
        [0, "SELECT length(?1)", [34_000_000]],
        [0, "SELECT length(?1), length(?2)", [32_000_000], [9_000_000]],
        [0, "SELECT zeroblob(34000000)"],
        [0, "SELECT length(?1)", [30_000_000]],
        [0, "SELECT zeroblob(30000000)"],
    ]));
    for nth in 0..3 {
        refused(&told, nth, "at most 33554432 bytes");
    }
    assert_eq!((&told[3], &told[4]), (&json!([[30_000_000]]), &json!([[{ "bytes": 30_000_000 }]])));
}

#[test]
fn who_has_no_database_in_the_manifest_opens_none() {
    let probes = Probes::start("", Limits::default());
    refused(&probes.sql(json!([[0, "SELECT 1"]])), 0, "AccessDenied");
}
