//! The tables of a workspace's file.
//!
//! `rows` and `heads` are keyed by workspace first, as in every store. Events are keyed by position alone, because an
//! append at the end of a table in order of its integer key costs half of one into a tree of (workspace, position)
//! keys; they carry the workspace beside it. There is no second index anywhere: it would cost a second tree per event,
//! and a table with one tree cannot answer in two ways.

use crate::files::Files;

/// Marks the file as one of ours: "KOS1".
pub(crate) const APPLICATION: i64 = 0x4b4f_5331;

/// Version of the tables. A file with another one is not read.
pub(crate) const VERSION: i64 = 1;

/// Every table: its name and the exact text that makes it, which is also what the file keeps and is compared with.
pub(crate) const TABLES: [(&str, &str); 3] = [
    (
        "heads",
        "CREATE TABLE heads(ws TEXT NOT NULL, pos INTEGER NOT NULL, epoch INTEGER NOT NULL, turn INTEGER NOT NULL, \
         value BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(ws)) STRICT, WITHOUT ROWID",
    ),
    (
        "events",
        "CREATE TABLE events(ws TEXT NOT NULL, pos INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, \
         body BLOB NOT NULL, hash BLOB NOT NULL, sealed BLOB NOT NULL, sum INTEGER NOT NULL) STRICT",
    ),
    (
        "rows",
        "CREATE TABLE rows(ws TEXT NOT NULL, space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, \
         hash BLOB NOT NULL, since INTEGER NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(ws, space, key)) \
         STRICT, WITHOUT ROWID",
    ),
];

/// What makes an empty file the file of a workspace: all of it or nothing.
pub(crate) fn birth(files: &Files, empty_sum: u64) -> String {
    let tables = TABLES.map(|(_, table)| table).join(";\n");
    let (id, sum) = (&files.id, empty_sum.cast_signed());
    format!(
        "BEGIN IMMEDIATE; PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION};\n{tables};\n\
         INSERT INTO heads(ws, pos, epoch, turn, value, sum) VALUES('{id}', 0, 0, 0, x'', {sum}); COMMIT"
    )
}
