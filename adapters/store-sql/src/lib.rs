//! A store over any database of SQLite's dialect that takes single statements: one that a component is given by its host,
//! or a server on the other end of a network.
//!
//! Such a database may be far, and whoever talks to it may die between any two statements. So every read is one statement,
//! and so is a commit: one row is inserted, and a trigger compares the head, fans the batch out, moves the head and takes
//! the row away again. All workspaces share the tables; every key begins with the workspace.

mod batch;
mod ids;
mod prepared;
mod read;
mod schema;
mod shared;
mod store;
mod watch;

pub use prepared::Prepared;

use ports::{Sql, StoreError};
use std::rc::Rc;

/// A store over single statements.
#[derive(Clone)]
pub struct SqlStore {
    sql: Rc<dyn Sql>,
    limit: Option<u64>,
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlStore")
    }
}

impl SqlStore {
    /// Over a database that has the tables. [`SqlStore::prepare`] makes them, and [`Prepared`] when they are missed.
    pub fn new(sql: Rc<dyn Sql>) -> Self {
        Self { sql, limit: None }
    }

    /// The same, with room for so many bytes in the database.
    #[must_use]
    pub fn with_limit(self, bytes: Option<u64>) -> Self {
        Self { limit: bytes, ..self }
    }

    /// Make the tables that are not there. Two may do so at once.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        for table in schema::TABLES {
            self.make_table(table).await?;
        }
        for statement in schema::THROUGH {
            self.make(statement).await?;
        }
        self.make_table(schema::HEADS).await
    }

    async fn make_table(&self, table: &str) -> Result<(), StoreError> {
        // A database that knows one kind of table only says no to the other, and makes nothing.
        match self.make(&format!("{table}{}", schema::ONE_TREE)).await {
            Ok(()) => Ok(()),
            Err(_) => self.make(&format!("{table}{}", schema::WITH_INDEX)).await,
        }
    }

    async fn make(&self, statement: &str) -> Result<(), StoreError> {
        self.sql.execute(statement, &[]).await.map(drop).map_err(|why| StoreError::Unavailable(why.0))
    }
}
