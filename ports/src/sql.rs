//! A database spoken to in single statements, each of which may be a round trip.

use async_trait::async_trait;

/// A value that goes into a statement or comes out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlValue {
    /// Nothing.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Why a statement has no outcome, in the database's own words. Databases have no codes in common, so whoever raises an
/// error in a statement looks for its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError(pub String);

/// Performs statements of SQLite's dialect.
#[async_trait(?Send)]
pub trait Sql {
    /// Perform one statement, triggers and all: it takes effect as a whole or not at all, and what took effect is durable.
    /// `?1` stands for the first of `values`. Answers with the rows it gives. After an error it may have taken effect,
    /// unless the error is one the statement raises.
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError>;
}
