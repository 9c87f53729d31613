//! Prepared statements, run to their end at once.
//!
//! Everything here is synchronous: the futures of a local libSQL connection are ready when they are first polled. A
//! statement is always reset after use, because one that is not would silently keep its old parameters.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use libsql::params::Params;
use libsql::{Connection, Error, Result, Row, Rows, Value};

use crate::fault::Trouble;

/// The value of a future that never waits.
pub(crate) fn now<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(Error::Misuse("a local statement had to wait".into())),
    }
}

/// A statement that was parsed once.
pub(crate) struct Statement(libsql::Statement);

impl Statement {
    /// Parse `sql`.
    pub(crate) fn prepare(connection: &Connection, sql: &str) -> Result<Self> {
        now(connection.prepare(sql)).map(Self)
    }

    /// Run it; the number of rows it changed.
    pub(crate) fn run<const N: usize>(&self, values: [Value; N]) -> Result<usize> {
        let done = now(self.0.execute(Params::Positional(values.into())));
        self.0.reset();
        done
    }

    /// Run it and look at each row it answers with.
    pub(crate) fn each<const N: usize>(
        &self,
        values: [Value; N],
        mut look: impl FnMut(&Row) -> std::result::Result<(), Trouble>,
    ) -> std::result::Result<(), Trouble> {
        let mut answer = Answer { rows: now(self.0.query(Params::Positional(values.into())))?, statement: self };
        while let Some(row) = now(answer.rows.next())? {
            look(&row)?;
        }
        Ok(())
    }
}

/// Rows being read. However the reading ends, the statement is reset: left open, it would hold back checkpoints.
struct Answer<'a> {
    rows: Rows,
    statement: &'a Statement,
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        self.statement.0.reset();
    }
}

/// A text parameter.
pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// A bytes parameter.
pub(crate) fn bytes(value: &[u8]) -> Value {
    Value::Blob(value.to_vec())
}

/// A number parameter. Numbers keep their bits; an order is only ever asked of positions, which never get that far.
pub(crate) fn number(value: u64) -> Value {
    Value::Integer(value.cast_signed())
}

/// The bytes in column `at`; none if it holds something else.
///
/// Every text and blob is selected as `CAST(… AS BLOB)`: a text column in which a bit flipped need not be UTF-8 any
/// more, and the library below would panic on it.
pub(crate) fn blob(row: &Row, at: i32) -> Option<Vec<u8>> {
    match row.get_value(at) {
        Ok(Value::Blob(value)) => Some(value),
        _ => None,
    }
}

/// The text in column `at`; none if it holds something else.
pub(crate) fn string(row: &Row, at: i32) -> Option<String> {
    String::from_utf8(blob(row, at)?).ok()
}

/// The number in column `at`, selected as `CAST(… AS INTEGER)`; none if it holds something else.
pub(crate) fn integer(row: &Row, at: i32) -> Option<u64> {
    match row.get_value(at) {
        Ok(Value::Integer(value)) => Some(value.cast_unsigned()),
        _ => None,
    }
}
