//! How a connection is set up, and the small questions one can ask a file.

use std::path::Path;

use libsql::{Builder, Connection, OpenFlags, Result};

use crate::fault::Trouble;
use crate::statement::{Statement, blob, integer, now, string};

/// Set on every connection.
///
/// * The log is forced to the disk by each commit, and moved into the file when it has 1,000 pages: with 4,000 the
///   pauses were three times as long and nothing became faster.
/// * `cell_size_check` compares a page's cells when it is loaded, so that a flipped bit is met there and not later.
const SETTINGS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000; \
     PRAGMA busy_timeout=1000; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-8000";

/// Open the SQLite file at `path`, which has to be there unless `flags` say otherwise.
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = now(Builder::new_local(path).flags(flags).build())?.connect()?;
    script(&connection, SETTINGS)?;
    Ok(connection)
}

/// Run statements that are not worth preparing.
pub(crate) fn script(connection: &Connection, sql: &str) -> Result<()> {
    now(connection.execute_batch(sql)).map(drop)
}

/// The first column of every row `sql` answers with, as text. Bytes that are none are shown as what they resemble.
pub(crate) fn ask(connection: &Connection, sql: &str) -> std::result::Result<Vec<String>, Trouble> {
    let mut said = Vec::new();
    Statement::prepare(connection, sql)?.each([], |row| {
        let line = string(row, 0).or_else(|| Some(String::from_utf8_lossy(&blob(row, 0)?).into_owned()));
        said.push(line.unwrap_or_default());
        Ok(())
    })?;
    Ok(said)
}

/// Move the whole write-ahead log into the file and empty it. False if somebody else kept it from being emptied.
pub(crate) fn checkpoint(connection: &Connection) -> std::result::Result<bool, Trouble> {
    let mut busy = None;
    Statement::prepare(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?.each([], |row| {
        busy = integer(row, 0);
        Ok(())
    })?;
    Ok(busy == Some(0))
}
