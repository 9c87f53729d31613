//! A file of libSQL, spoken to in single statements.

use async_trait::async_trait;
use libsql::{Connection, Value};
use ports::{Sql, SqlError, SqlValue};
use std::path::Path;
use std::time::Duration;

/// How long a statement waits for another one's commit.
const BUSY: Duration = Duration::from_secs(5);

/// A connection.
pub struct Statements(Connection);

impl std::fmt::Debug for Statements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Statements")
    }
}

impl Statements {
    /// To the file at `path`, which is made if it is not there. The error says why not.
    pub async fn open(path: &Path) -> Result<Self, String> {
        let failed = |why: libsql::Error| why.to_string();
        let connection = libsql::Builder::new_local(path).build().await.map_err(failed)?.connect().map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        connection.query("PRAGMA journal_mode=WAL", ()).await.map_err(failed)?;
        Ok(Self(connection))
    }
}

#[async_trait(?Send)]
impl Sql for Statements {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        let failed = |why: libsql::Error| SqlError(why.to_string());
        let values: Vec<Value> = values.iter().cloned().map(to).collect();
        let mut rows = self.0.query(statement, values).await.map_err(failed)?;
        let (mut found, columns) = (Vec::new(), rows.column_count());
        while let Some(row) = rows.next().await.map_err(failed)? {
            let row = (0..columns).map(|nth| row.get_value(nth).map(from));
            found.push(row.collect::<Result<_, _>>().map_err(failed)?);
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
