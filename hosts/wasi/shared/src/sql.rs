//! The database that the host gives.

use crate::setup::{optional, unfit};
use async_trait::async_trait;
use ports::problem::Fault;
use ports::{Problem, Sql, SqlError, SqlValue};
use spin_sdk::sqlite3::{Connection, Error, Value};
use std::rc::Rc;
use store_sql::{Prepared, SqlStore};

/// Most bytes of the database.
const SPACE_MAX: &str = "kernelos_space_max";

/// The workspaces of this host.
pub fn store() -> Result<Rc<SqlStore>, Problem> {
    let unopened = |why| Fault::Unavailable.because(format!("the database cannot be opened: {}", words(why)));
    let given = Rc::new(Given(Connection::open_default().map_err(unopened)?));
    let limit = optional(SPACE_MAX).map(|text| text.parse().map_err(|_| unfit(SPACE_MAX, "is no number of bytes")));
    Ok(Rc::new(SqlStore::new(Rc::new(Prepared::new(given))).with_limit(limit.transpose()?)))
}

/// The database itself, for what is kept beside workspaces in tables of its own.
pub fn database() -> Result<Rc<dyn Sql>, Problem> {
    let unopened = |why| Fault::Unavailable.because(format!("the database cannot be opened: {}", words(why)));
    Ok(Rc::new(Given(Connection::open_default().map_err(unopened)?)))
}

/// A connection of this request. It is spoken to in single statements: no transaction of ours is ever open between two.
struct Given(Connection);

#[async_trait(?Send)]
impl Sql for Given {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        let values: Vec<Value> = values.iter().cloned().map(to).collect();
        let found = self.0.execute(statement, &values).map_err(|why| SqlError(words(why)))?;
        Ok(found.rows.into_iter().map(|row| row.values.into_iter().map(from).collect()).collect())
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

fn words(why: Error) -> String {
    match why {
        Error::Io(words) => words,
        other => other.to_string(),
    }
}
