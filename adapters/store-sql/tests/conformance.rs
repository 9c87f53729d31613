//! The suite for the storage port, over embedded libSQL spoken to in single statements.
#![cfg(test)]

use async_trait::async_trait;
use kernel::storage::Address;
use kernelos_store_sql::SqlStore;
use libsql::{Connection, Value};
use ports::{Sql, SqlError, SqlValue, Store};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::block_on;
use testkit::store::{Subject, run};

/// A connection to a file.
struct File(Connection);

impl File {
    async fn open(path: &PathBuf) -> Self {
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

struct InStatements {
    path: PathBuf,
    sql: Rc<File>,
    store: SqlStore,
}

impl InStatements {
    async fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("kernelos-sql-{}-{}.db", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let sql = Rc::new(File::open(&path).await);
        let store = SqlStore::new(Rc::<File>::clone(&sql));
        store.prepare().await.unwrap();
        Self { path, sql, store }
    }
}

impl Drop for InStatements {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _nothing_depends_on_it = std::fs::remove_file(format!("{}{end}", self.path.display()));
        }
    }
}

#[async_trait(?Send)]
impl Subject for InStatements {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn reopen(&mut self) -> Result<(), String> {
        self.sql = Rc::new(File::open(&self.path).await);
        self.store = SqlStore::new(Rc::<File>::clone(&self.sql));
        self.store.prepare().await.map_err(|why| why.to_string())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        let statement =
            "UPDATE rows SET value=CAST('!'||substr(value,2) AS BLOB) WHERE workspace=?1 AND space=?2 AND key=?3";
        let values = [workspace.into(), at.space.as_str().into(), at.key.as_str().into()];
        self.sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        let statement = "UPDATE events SET body=CAST('!'||substr(body,2) AS BLOB) WHERE workspace=?1 AND pos=?2";
        let values = [workspace.into(), SqlValue::Integer(pos.try_into().unwrap())];
        self.sql.execute(statement, &values).await.map(drop).map_err(|why| why.0)
    }
}

#[test]
fn a_store_in_single_statements_conforms() {
    let report = block_on(run(async || InStatements::new().await));
    assert!(report.failed.is_empty(), "{report}");
}
