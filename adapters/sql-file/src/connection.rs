//! A connection and the statements it knows already.
//!
//! Everything here is synchronous: the futures of a local libSQL connection are ready when they are first polled.

use libsql::params::Params;
use libsql::{Builder, Connection, Error, OpenFlags, Statement, Value};
use ports::{SqlError, SqlValue};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Set on the connection.
///
/// * `synchronous=NORMAL` with a write-ahead log survives a crash of the machine whole; what was written last may be missing.
/// * `secure_delete` overwrites what is deleted.
/// * `cell_size_check` meets a flipped bit when its page is loaded.
const SETTINGS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000; \
     PRAGMA busy_timeout=1000; PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; \
     PRAGMA mmap_size=0; PRAGMA cache_size=-32000";

/// Statements that are kept.
const KEPT_MAX: usize = 64;

/// An open file.
pub(crate) struct Connected {
    statements: HashMap<String, Statement>,
    connection: Connection,
    is: Metadata,
}

impl Connected {
    /// Open the file at `path`; it is made if it is not there.
    pub(crate) fn to(path: &Path) -> Result<Self, String> {
        let failed = |why: Error| format!("{}: {why}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection =
            now(Builder::new_local(path).flags(flags).build()).and_then(|it| it.connect()).map_err(failed)?;
        now(connection.execute_batch(SETTINGS)).map_err(failed)?;
        let is = fs::metadata(path).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Self { statements: HashMap::new(), connection, is })
    }

    /// Whether what is at `path` is the file that was opened.
    pub(crate) fn is_of(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| is_same(&self.is, &found))
    }

    /// Perform a statement and take all it gives.
    pub(crate) fn execute(&mut self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        let failed = |why: Error| SqlError(why.to_string());
        if !self.statements.contains_key(statement) {
            if self.statements.len() >= KEPT_MAX {
                self.statements.clear();
            }
            let prepared = now(self.connection.prepare(statement)).map_err(failed)?;
            self.statements.insert(statement.to_owned(), prepared);
        }
        let Some(prepared) = self.statements.get(statement) else {
            return Err(SqlError("the statement was not kept".to_owned()));
        };
        let found = rows(prepared, values);
        // One that is not reset would keep its values, and hold back checkpoints.
        prepared.reset();
        found.map_err(failed)
    }
}

fn rows(prepared: &Statement, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, Error> {
    let mut rows = now(prepared.query(Params::Positional(values.iter().cloned().map(to).collect())))?;
    let (mut found, columns) = (Vec::new(), rows.column_count());
    while let Some(row) = now(rows.next())? {
        found.push((0..columns).map(|nth| row.get_value(nth).map(from)).collect::<Result<_, _>>()?);
    }
    Ok(found)
}

/// The value of a future that never waits.
fn now<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(Error::Misuse("a local statement had to wait".into())),
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where files have no numbers, one that is open cannot be deleted.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

fn to(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => Value::Integer(number),
        SqlValue::Text(text) => Value::Text(text),
        SqlValue::Blob(bytes) => Value::Blob(bytes),
    }
}

fn from(value: Value) -> SqlValue {
    match value {
        Value::Null => SqlValue::Null,
        Value::Integer(number) => SqlValue::Integer(number),
        Value::Real(number) => SqlValue::Text(number.to_string()),
        Value::Text(text) => SqlValue::Text(text),
        Value::Blob(bytes) => SqlValue::Blob(bytes),
    }
}
