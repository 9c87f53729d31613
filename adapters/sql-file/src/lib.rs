//! A file that may be thrown away, spoken to in single statements through libSQL.
//!
//! It is for what can be made again. So it is not forced to the disk with every statement, and whoever deletes it, while it
//! is open or not, has deleted it: before each statement it is looked whether the file is still the one that was opened, and
//! if not, an empty one is made. What is deleted in it is overwritten.

mod connection;

use async_trait::async_trait;
use connection::Connected;
use ports::read_models::WholeFile;
use ports::{Sql, SqlError, SqlValue};
use std::cell::RefCell;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What SQLite keeps beside a file.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// A file.
pub struct FileSql {
    path: PathBuf,
    open: RefCell<Option<Connected>>,
}

impl std::fmt::Debug for FileSql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSql({})", self.path.display())
    }
}

impl FileSql {
    /// The file at `path`. It is made when the first statement comes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), open: RefCell::default() }
    }

    /// Ask the open file; one that is not the file any more is let go first.
    fn with<T>(&self, ask: impl FnOnce(&mut Connected) -> Result<T, SqlError>) -> Result<T, SqlError> {
        let mut open = self.open.borrow_mut();
        if open.as_ref().is_some_and(|connected| !connected.is_of(&self.path)) {
            *open = None;
            // Its log was of the file that is gone.
            remove_companions(&self.path).map_err(SqlError)?;
        }
        let connected = match open.as_mut() {
            Some(connected) => connected,
            None => open.insert(Connected::to(&self.path).map_err(SqlError)?),
        };
        ask(connected)
    }
}

#[async_trait(?Send)]
impl Sql for FileSql {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        self.with(|connected| connected.execute(statement, values))
    }
}

impl WholeFile for FileSql {
    fn remove(&self) -> Result<(), String> {
        *self.open.borrow_mut() = None;
        remove(&self.path)?;
        remove_companions(&self.path)
    }

    fn bytes(&self) -> u64 {
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        companions(&self.path).iter().map(|path| length(path)).sum::<u64>().saturating_add(length(&self.path))
    }

    fn settle(&self) -> Result<(), String> {
        let emptied = self.with(|connected| connected.execute("PRAGMA wal_checkpoint(TRUNCATE)", &[]));
        emptied.map(drop).map_err(|why| why.0)
    }
}

fn companions(path: &Path) -> [PathBuf; 2] {
    COMPANIONS.map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    })
}

fn remove_companions(path: &Path) -> Result<(), String> {
    companions(path).iter().try_for_each(|path| remove(path))
}

fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("{}: {error}", path.display())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(sql: &FileSql, statement: &str) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        testkit::block_on(sql.execute(statement, &[]))
    }

    fn written(dir: &tempfile::TempDir) -> FileSql {
        let sql = FileSql::new(dir.path().join("models/of.db"));
        ask(&sql, "CREATE TABLE t(a)").unwrap();
        ask(&sql, "INSERT INTO t VALUES(1)").unwrap();
        sql
    }

    #[test]
    fn what_is_written_is_there_for_the_next_process() {
        let dir = tempfile::tempdir().unwrap();
        drop(written(&dir));
        let sql = FileSql::new(dir.path().join("models/of.db"));
        assert_eq!(ask(&sql, "SELECT a FROM t").unwrap(), vec![vec![SqlValue::Integer(1)]]);
        assert!(sql.bytes() > 0);
    }

    #[test]
    fn a_file_that_is_deleted_while_it_is_open_is_empty_and_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let sql = written(&dir);
        fs::remove_file(dir.path().join("models/of.db")).unwrap();
        assert!(ask(&sql, "SELECT a FROM t").unwrap_err().0.contains("no such table"));
        ask(&sql, "CREATE TABLE t(a)").unwrap();
        fs::remove_dir_all(dir.path().join("models")).unwrap();
        assert!(ask(&sql, "SELECT a FROM t").unwrap_err().0.contains("no such table"));
        assert!(dir.path().join("models/of.db").exists());
    }

    #[test]
    fn what_is_no_database_says_so_and_can_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("of.db");
        fs::write(&path, [7; 8192]).unwrap();
        let sql = FileSql::new(&path);
        assert!(ask(&sql, "SELECT 1").unwrap_err().0.contains("not a database"));
        sql.remove().unwrap();
        assert_eq!(ask(&sql, "SELECT 1").unwrap(), vec![vec![SqlValue::Integer(1)]]);
    }

    #[test]
    fn what_was_deleted_leaves_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let sql = written(&dir);
        ask(&sql, "INSERT INTO t VALUES('a token that stands for a word')").unwrap();
        sql.settle().unwrap();
        ask(&sql, "DELETE FROM t WHERE a<>1").unwrap();
        sql.settle().unwrap();
        let file = fs::read(dir.path().join("models/of.db")).unwrap();
        assert!(!file.windows(7).any(|bytes| bytes == b"a token"));
    }

    #[test]
    fn a_statement_that_fails_changes_nothing_and_the_next_one_works() {
        let dir = tempfile::tempdir().unwrap();
        let sql = written(&dir);
        assert!(ask(&sql, "INSERT INTO t SELECT 2 UNION SELECT abs(-9223372036854775808)").is_err());
        assert_eq!(ask(&sql, "SELECT count(*) FROM t").unwrap(), vec![vec![SqlValue::Integer(1)]]);
    }
}
