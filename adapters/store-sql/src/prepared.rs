//! Tables that are made when they are missed: where nothing is there between requests, nobody else could make them.

use crate::SqlStore;
use async_trait::async_trait;
use ports::{Sql, SqlError, SqlValue};
use std::rc::Rc;

/// Set once and kept in the file: readers and a writer do not wait for one another, and a commit is written once.
const WRITE_AHEAD: &str = "PRAGMA journal_mode=WAL";
/// What a statement is refused with before the tables are made.
const NO_TABLES: &str = "no such table";

/// A database whose tables are made when a statement finds none.
pub struct Prepared<S>(Rc<S>);

impl<S> std::fmt::Debug for Prepared<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared")
    }
}

impl<S> Prepared<S> {
    /// The same database, with or without tables.
    pub fn new(sql: Rc<S>) -> Self {
        Self(sql)
    }
}

#[async_trait(?Send)]
impl<S: Sql + 'static> Sql for Prepared<S> {
    async fn execute(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Vec<SqlValue>>, SqlError> {
        match self.0.execute(statement, values).await {
            Err(why) if why.0.contains(NO_TABLES) => {}
            done => return done,
        }
        // Another request may do the same at the same time. A database that knows no such mode works all the same.
        let _ = self.0.execute(WRITE_AHEAD, &[]).await;
        let store = SqlStore::new(Rc::<S>::clone(&self.0));
        store.prepare().await.map_err(|why| SqlError(why.to_string()))?;
        self.0.execute(statement, values).await
    }
}
