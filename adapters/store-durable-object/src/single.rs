//! Single statements over the object's database, for what is kept beside the workspace in tables of its own.

use crate::number::of_double;
use crate::sql::{Found, Sql, Value};
use async_trait::async_trait;
use ports::{SqlError, SqlValue};
use wasm_bindgen::JsValue;

/// The database of an object, spoken to in single statements: each takes effect as a whole or not at all.
pub struct ObjectSql(Sql);

impl std::fmt::Debug for ObjectSql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ObjectSql")
    }
}

impl ObjectSql {
    /// Over `storage`, which is the object's `ctx.storage`.
    pub fn new(storage: &JsValue) -> Self {
        Self(Sql::over(storage))
    }
}

#[async_trait(?Send)]
impl ports::Sql for ObjectSql {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        let values: Vec<Value<'_>> = values.iter().map(given).collect();
        let found = self.0.run(statement, &values).map_err(|why| SqlError(why.to_string()))?;
        Ok(found.iter().map(row).collect())
    }
}

fn given(value: &SqlValue) -> Value<'_> {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => Value::Number(*number as f64),
        SqlValue::Text(text) => Value::Text(text),
        SqlValue::Blob(bytes) => Value::Bytes(bytes),
    }
}

fn row(found: &Found) -> Vec<SqlValue> {
    (0..found.columns()).map(|nth| value(found, nth)).collect()
}

/// A value as it was found. A number that no whole number is was written by nobody here.
fn value(found: &Found, nth: u32) -> SqlValue {
    let number = found.double(nth).map(|double| {
        let magnitude = of_double(double.abs()).and_then(|number| i64::try_from(number).ok());
        magnitude.map_or(SqlValue::Null, |number| SqlValue::Integer(if double < 0.0 { -number } else { number }))
    });
    number
        .or_else(|| found.text(nth).map(SqlValue::Text))
        .or_else(|| found.bytes(nth).map(SqlValue::Blob))
        .unwrap_or(SqlValue::Null)
}
