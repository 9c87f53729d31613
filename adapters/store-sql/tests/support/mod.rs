//! A database in a file of libSQL, spoken to in single statements.

use async_trait::async_trait;
use libsql::{Connection, Value};
use ports::{Sql, SqlError, SqlValue};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A connection to a file.
pub struct File(Connection);

impl File {
    /// Open it, or make it.
    pub async fn open(path: &Path) -> Self {
        let connection = libsql::Builder::new_local(path).build().await.unwrap().connect().unwrap();
        connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL").await.unwrap();
        Self(connection)
    }
}

#[async_trait(?Send)]
impl Sql for File {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        let failed = |why: libsql::Error| SqlError(why.to_string());
        let values: Vec<Value> = values.iter().cloned().map(to).collect();
        let mut rows = self.0.query(statement, values).await.map_err(failed)?;
        let (mut found, columns) = (Vec::new(), rows.column_count());
        while let Some(row) = rows.next().await.map_err(failed)? {
            found.push((0..columns).map(|nth| from(row.get_value(nth).unwrap())).collect());
        }
        Ok(found)
    }
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

/// Where a database is, until this is dropped.
pub struct Place(pub PathBuf);

impl Place {
    /// A new one.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("kernelos-sql-{}-{}.db", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _nothing_depends_on_it = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}
