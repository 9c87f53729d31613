//! The baseline: libSQL itself, writing the rows that the product writes, with prepared inserts and nothing else.

use kernel::storage::{Batch, Write};
use libsql::{Connection, Statement, Value};
use std::path::Path;

/// A database with the same durability as the product's.
pub struct Raw {
    connection: Connection,
    event: Statement,
    row: Statement,
    remove: Statement,
    begin: Statement,
    end: Statement,
}

impl Raw {
    pub async fn open(dir: &Path) -> Result<Self, libsql::Error> {
        let database = libsql::Builder::new_local(dir.join("raw.db")).build().await?;
        let connection = database.connect()?;
        for pragma in ["PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL"] {
            connection.query(pragma, ()).await?.next().await?;
        }
        connection
            .execute_batch(
                "CREATE TABLE events(ws TEXT, pos INTEGER PRIMARY KEY, stream TEXT, seq INTEGER, body BLOB, hash BLOB, sealed BLOB);
                 CREATE TABLE rows(ws TEXT, space TEXT, key TEXT, value BLOB, hash BLOB, since INTEGER,
                                   PRIMARY KEY(ws, space, key)) WITHOUT ROWID;",
            )
            .await?;
        Ok(Self {
            event: connection.prepare("INSERT INTO events VALUES('w',?,?,?,?,?,?)").await?,
            row: connection.prepare("INSERT OR REPLACE INTO rows VALUES('w',?,?,?,?,?)").await?,
            remove: connection.prepare("DELETE FROM rows WHERE ws='w' AND space=? AND key=?").await?,
            begin: connection.prepare("BEGIN IMMEDIATE").await?,
            end: connection.prepare("COMMIT").await?,
            connection,
        })
    }

    /// Write what the product writes for `batch`, in one transaction.
    pub async fn write(&self, batch: &Batch) -> Result<(), libsql::Error> {
        self.step(&self.begin, ()).await?;
        for event in &batch.events {
            let values: [Value; 6] = [
                (event.pos as i64).into(),
                event.stream.clone().into(),
                (event.seq as i64).into(),
                event.body.clone().into(),
                event.hash.to_vec().into(),
                event.sealed.clone().into(),
            ];
            self.step(&self.event, values).await?;
        }
        for (address, write) in &batch.writes {
            let (space, key) = (address.space.clone(), address.key.clone());
            match write {
                Write::Put(row) | Write::Insert(row) => {
                    let values: [Value; 5] = [
                        space.into(),
                        key.into(),
                        row.value.clone().into(),
                        row.hash.to_vec().into(),
                        (row.since as i64).into(),
                    ];
                    self.step(&self.row, values).await?;
                }
                Write::Delete => self.step(&self.remove, [Value::from(space), Value::from(key)]).await?,
            }
        }
        self.step(&self.end, ()).await
    }

    async fn step(&self, statement: &Statement, values: impl libsql::params::IntoParams) -> Result<(), libsql::Error> {
        statement.execute(values).await?;
        statement.reset();
        Ok(())
    }

    /// One row in one transaction.
    pub async fn one(&self, nth: u64) -> Result<(), libsql::Error> {
        let values: [Value; 5] = [
            "single".to_owned().into(),
            format!("task/{nth:012}").into(),
            vec![7u8; 200].into(),
            vec![1u8; 32].into(),
            (nth as i64).into(),
        ];
        self.step(&self.row, values).await
    }

    /// Whether rows are there.
    pub async fn count(&self) -> Result<u64, libsql::Error> {
        let mut rows =
            self.connection.query("SELECT (SELECT count(*) FROM rows) + (SELECT count(*) FROM events)", ()).await?;
        let row = rows.next().await?;
        row.map_or(Ok(0), |row| row.get::<u64>(0))
    }
}
