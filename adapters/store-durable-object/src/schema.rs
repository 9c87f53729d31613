//! The tables of an object.
//!
//! The version is a row because the platform keeps `PRAGMA user_version` to itself. Sealed units stand in the row of
//! their event, and in one of their own only when both together are more than a row should have.

use ports::StoreError;

use crate::fault::damaged;
use crate::sql::Sql;

/// Version of the tables. Others are not read.
const VERSION: u64 = 1;

const TABLES: &str = "
CREATE TABLE tables(version INTEGER NOT NULL, PRIMARY KEY(version)) STRICT, WITHOUT ROWID;
CREATE TABLE heads(ws TEXT NOT NULL, nr INTEGER NOT NULL, pos INTEGER NOT NULL, epoch INTEGER NOT NULL,
  value BLOB NOT NULL, PRIMARY KEY(ws)) STRICT, WITHOUT ROWID;
CREATE TABLE events(nr INTEGER NOT NULL, pos INTEGER NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL,
  body BLOB NOT NULL, hash BLOB NOT NULL, sealed BLOB, PRIMARY KEY(nr, pos)) STRICT, WITHOUT ROWID;
CREATE TABLE sealed(nr INTEGER NOT NULL, pos INTEGER NOT NULL, units BLOB NOT NULL, PRIMARY KEY(nr, pos))
  STRICT, WITHOUT ROWID;
CREATE TABLE rows(nr INTEGER NOT NULL, space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  hash BLOB NOT NULL, since INTEGER NOT NULL, PRIMARY KEY(nr, space, key)) STRICT, WITHOUT ROWID;
INSERT INTO tables(version) VALUES(1);
";

/// Whether the tables are there. An object that was never written to has none, and looking does not make them.
pub(crate) fn is_there(sql: &Sql) -> Result<bool, StoreError> {
    if sql.run("SELECT 1 FROM sqlite_master WHERE type='table' AND name='tables'", &[])?.is_empty() {
        return Ok(false);
    }
    let versions = sql.run("SELECT version FROM tables", &[])?;
    match versions.as_slice() {
        [one] if one.number(0) == Some(VERSION) => Ok(true),
        _ => Err(damaged("the object's database has a version of the tables that is not known here")),
    }
}

/// Make the tables.
pub(crate) fn make(sql: &Sql) -> Result<(), StoreError> {
    sql.run(TABLES, &[]).map(drop)
}
