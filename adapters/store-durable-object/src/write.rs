//! The statements that write. They run inside a transaction, which an error undoes.

use kernel::storage::{Address, Batch, Head, ROW_BYTES_MAX, Row, StoredEvent, Write};
use ports::{Conflict, StoreError};

use crate::DurableObjectStore;
use crate::fault::damaged;
use crate::number::to_double;
use crate::read::{self, Stored};
use crate::schema;
use crate::sql::Value;

const CREATE: &str = "INSERT INTO heads(ws, nr, pos, epoch, value) \
                      SELECT ?1, coalesce(max(nr), 0) + 1, 0, 0, x'' FROM heads";
const CLAIM: &str = "UPDATE heads SET epoch=epoch+1 WHERE ws=? RETURNING nr, pos, epoch, value";
const HEAD: &str = "UPDATE heads SET pos=?, value=? WHERE nr=? AND ws=?";
const EVENT: &str = "INSERT INTO events(nr, pos, stream, seq, body, hash, sealed) VALUES(?, ?, ?, ?, ?, ?, ?) \
                     ON CONFLICT DO NOTHING RETURNING pos";
const SEALED: &str = "INSERT INTO sealed(nr, pos, units) VALUES(?, ?, ?)";
const PUT: &str = "INSERT INTO rows(nr, space, key, value, hash, since) VALUES";
const OVER: &str = "ON CONFLICT DO UPDATE SET value=excluded.value, hash=excluded.hash, since=excluded.since";
const INSERT: &str = "INSERT INTO rows(nr, space, key, value, hash, since) VALUES(?, ?, ?, ?, ?, ?) \
                      ON CONFLICT DO NOTHING RETURNING since";
/// Values of a row. A statement takes a hundred of them at most.
const ROW_VALUES: usize = 6;
/// Rows that are written by one statement.
const PARTS: [usize; 5] = [16, 8, 4, 2, 1];
const DELETE: &str = "DELETE FROM rows WHERE nr=? AND space=? AND key=?";

impl DurableObjectStore {
    /// An empty workspace, and the tables if they are not there.
    pub(crate) fn make(&self, workspace: &str) -> Result<(), StoreError> {
        let is_made = self.is_made()?;
        self.sql.transaction(|| {
            if !is_made {
                schema::make(&self.sql)?;
            } else if self.is_there(workspace)? {
                return Err(StoreError::Exists);
            }
            self.sql.run(CREATE, &[Value::Text(workspace)]).map(drop)
        })
    }

    fn is_there(&self, workspace: &str) -> Result<bool, StoreError> {
        match self.stored(workspace) {
            Ok(_) => Ok(true),
            Err(StoreError::NoWorkspace) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Nothing of the workspace any more.
    pub(crate) fn unmake(&self, stored: &Stored) -> Result<(), StoreError> {
        let nr = stored.nr;
        self.last.take();
        self.sql.transaction(|| {
            for table in ["rows", "sealed", "events", "heads"] {
                self.sql.run(&format!("DELETE FROM {table} WHERE nr=?"), &[Value::Number(nr)])?;
            }
            Ok(())
        })
    }

    /// Raise the token.
    pub(crate) fn take(&self, workspace: &str) -> Result<Head, StoreError> {
        let head = self.stored(workspace)?.head;
        to_double(head.epoch.saturating_add(1))?;
        let found = self.sql.run(CLAIM, &[Value::Text(workspace)])?;
        let stored = found.first().ok_or(StoreError::NoWorkspace)?;
        Ok(read::head(stored).ok_or_else(|| damaged("the head"))?.head)
    }

    /// All of `batch`, which was compared already.
    pub(crate) fn write(&self, workspace: &str, nr: f64, batch: &Batch) -> Result<(), StoreError> {
        let pos = Value::Number(to_double(batch.pos)?);
        self.sql.run(HEAD, &[pos, Value::Bytes(&batch.head), Value::Number(nr), Value::Text(workspace)])?;
        batch.events.iter().try_for_each(|event| self.add(nr, event))?;
        let mut puts: Vec<(&Address, &Row)> = Vec::new();
        for (at, write) in &batch.writes {
            match write {
                Write::Put(row) => puts.push((at, row)),
                Write::Insert(row) => self.insert(nr, at, row)?,
                Write::Delete => {
                    let values = [Value::Number(nr), Value::Text(&at.space), Value::Text(&at.key)];
                    self.sql.run(DELETE, &values)?;
                }
            }
        }
        // The rest goes in ever smaller parts, so that a few texts of statements serve every number of rows.
        let mut rest = puts.as_slice();
        for part in PARTS {
            while let Some((some, others)) = rest.split_at_checked(part) {
                self.put(nr, some)?;
                rest = others;
            }
        }
        Ok(())
    }

    /// Forget the sealed units of one event.
    pub(crate) fn unseal(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        let nr = self.nr(workspace)?;
        let Ok(pos) = to_double(pos) else { return Ok(()) };
        self.sql.transaction(|| {
            let at = || [Value::Number(nr), Value::Number(pos)];
            self.sql.run("DELETE FROM sealed WHERE nr=? AND pos=?", &at())?;
            let forget = "UPDATE events SET sealed=x'' WHERE nr=? AND pos=? AND sealed IS NOT x''";
            self.sql.run(forget, &at()).map(drop)
        })
    }

    fn add(&self, nr: f64, event: &StoredEvent) -> Result<(), StoreError> {
        let pos = to_double(event.pos)?;
        let is_apart = event.body.len() + event.sealed.len() > ROW_BYTES_MAX;
        let values = [
            Value::Number(nr),
            Value::Number(pos),
            Value::Text(&event.stream),
            Value::Number(to_double(event.seq)?),
            Value::Bytes(&event.body),
            Value::Bytes(&event.hash),
            if is_apart { Value::Null } else { Value::Bytes(&event.sealed) },
        ];
        if self.sql.run(EVENT, &values)?.is_empty() {
            return Err(damaged(format!("event {} is there already, beyond the head", event.pos)));
        }
        if is_apart {
            self.sql.run(SEALED, &[Value::Number(nr), Value::Number(pos), Value::Bytes(&event.sealed)])?;
        }
        Ok(())
    }

    fn insert(&self, nr: f64, at: &Address, row: &Row) -> Result<(), StoreError> {
        if self.sql.run(INSERT, &values(nr, at, row)?)?.is_empty() {
            return Err(StoreError::Conflict(Conflict::Taken(at.clone())));
        }
        Ok(())
    }

    /// Write all of `rows` by one statement.
    fn put(&self, nr: f64, rows: &[(&Address, &Row)]) -> Result<(), StoreError> {
        let mut all = Vec::with_capacity(rows.len() * ROW_VALUES);
        for (at, row) in rows {
            all.extend(values(nr, at, row)?);
        }
        let places = vec!["(?, ?, ?, ?, ?, ?)"; rows.len()].join(", ");
        self.sql.run(&format!("{PUT} {places} {OVER}"), &all).map(drop)
    }
}

fn values<'a>(nr: f64, at: &'a Address, row: &'a Row) -> Result<[Value<'a>; ROW_VALUES], StoreError> {
    Ok([
        Value::Number(nr),
        Value::Text(&at.space),
        Value::Text(&at.key),
        Value::Bytes(&row.value),
        Value::Bytes(&row.hash),
        Value::Number(to_double(row.since)?),
    ])
}
