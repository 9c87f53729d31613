//! The statements that write. They run inside a transaction, which an error undoes.

use kernel::storage::{Address, Batch, Head, ROW_BYTES_MAX, Row, StoredEvent, Write};
use ports::{Conflict, StoreError};

use crate::DurableObjectStore;
use crate::fault::damaged;
use crate::number::to_double;
use crate::read::{self, Stored};
use crate::schema;
use crate::sql::{Found, Value};

const CREATE: &str = "INSERT INTO heads(ws, nr, pos, epoch, value) \
                      SELECT ?1, coalesce(max(nr), 0) + 1, 0, 0, x'' FROM heads";
const CLAIM: &str = "UPDATE heads SET epoch=epoch+1 WHERE ws=? RETURNING nr, pos, epoch, value";
const HEAD: &str = "UPDATE heads SET pos=?, value=? WHERE nr=? AND ws=?";
const EVENT: &str = "INSERT INTO events(nr, pos, stream, seq, body, hash, sealed) VALUES";
const SEALED: &str = "INSERT INTO sealed(nr, pos, units) VALUES(?, ?, ?)";
const ROW: &str = "INSERT INTO rows(nr, space, key, value, hash, since) VALUES";
const OVER: &str = "ON CONFLICT DO UPDATE SET value=excluded.value, hash=excluded.hash, since=excluded.since";
const UNLESS_TAKEN: &str = "ON CONFLICT DO NOTHING RETURNING space, key";
const UNLESS_THERE: &str = "ON CONFLICT DO NOTHING RETURNING pos";
/// Values of a row, and of an event. A statement takes a hundred of them at most.
const ROW_VALUES: usize = 6;
const EVENT_VALUES: usize = 7;
/// How many rows or events one statement writes. Ever smaller parts let a few texts of statements serve every number.
const PARTS: [usize; 5] = [14, 8, 4, 2, 1];
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
        in_parts(&batch.events, |events| self.add(nr, events))?;
        if let Some(trim) = batch.trim {
            self.trim(nr, trim)?;
        }
        let (mut puts, mut inserts) = (Vec::new(), Vec::new());
        for (at, write) in &batch.writes {
            match write {
                Write::Put(row) => puts.push((at, row)),
                Write::Insert(row) => inserts.push((at, row)),
                Write::Delete => {
                    let values = [Value::Number(nr), Value::Text(&at.space), Value::Text(&at.key)];
                    self.sql.run(DELETE, &values)?;
                }
            }
        }
        in_parts(&inserts, |rows| self.insert(nr, rows))?;
        in_parts(&puts, |rows| self.rows_into(nr, rows, OVER).map(drop))
    }

    /// Remove the events up to a position.
    fn trim(&self, nr: f64, trim: u64) -> Result<(), StoreError> {
        let up_to = [Value::Number(nr), Value::Number(to_double(trim)?)];
        self.sql.run("DELETE FROM sealed WHERE nr=? AND pos<=?", &up_to)?;
        self.sql.run("DELETE FROM events WHERE nr=? AND pos<=?", &up_to).map(drop)
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

    /// Append all of `events` by one statement, and what is too large to stand in the row of its event.
    fn add(&self, nr: f64, events: &[StoredEvent]) -> Result<(), StoreError> {
        let mut all = Vec::with_capacity(events.len() * EVENT_VALUES);
        for event in events {
            all.extend(event_values(nr, event)?);
        }
        let added = self.sql.run(&format!("{EVENT} {} {UNLESS_THERE}", places(EVENT_VALUES, events.len())), &all)?;
        if added.len() < events.len() {
            let first = events.first().map_or(0, |event| event.pos);
            return Err(damaged(format!("event {first} or one after it is there already, beyond the head")));
        }
        for event in events.iter().filter(|event| is_apart(event)) {
            let pos = Value::Number(to_double(event.pos)?);
            self.sql.run(SEALED, &[Value::Number(nr), pos, Value::Bytes(&event.sealed)])?;
        }
        Ok(())
    }

    /// Write all of `rows` by one statement, none of which may be there.
    fn insert(&self, nr: f64, rows: &[Placed<'_>]) -> Result<(), StoreError> {
        let written = self.rows_into(nr, rows, UNLESS_TAKEN)?;
        let written: Vec<_> = written.iter().map(|found| (found.text(0), found.text(1))).collect();
        let is_written = |at: &Address| {
            written.iter().any(|(space, key)| space.as_ref() == Some(&at.space) && key.as_ref() == Some(&at.key))
        };
        match rows.iter().find(|(at, _)| !is_written(at)) {
            Some((taken, _)) => Err(StoreError::Conflict(Conflict::Taken((*taken).clone()))),
            None => Ok(()),
        }
    }

    /// Write all of `rows` by one statement that ends with `what_if_there`.
    fn rows_into(&self, nr: f64, rows: &[Placed<'_>], what_if_there: &str) -> Result<Vec<Found>, StoreError> {
        let mut all = Vec::with_capacity(rows.len() * ROW_VALUES);
        for (at, row) in rows {
            all.extend(values(nr, at, row)?);
        }
        self.sql.run(&format!("{ROW} {} {what_if_there}", places(ROW_VALUES, rows.len())), &all)
    }
}

/// A row and where it goes.
type Placed<'a> = (&'a Address, &'a Row);

/// Hand on all of `items`, in as few parts as there can be.
fn in_parts<T>(items: &[T], mut write: impl FnMut(&[T]) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut rest = items;
    for part in PARTS {
        while let Some((some, others)) = rest.split_at_checked(part) {
            write(some)?;
            rest = others;
        }
    }
    Ok(())
}

/// Places for the values of so many rows.
fn places(values: usize, rows: usize) -> String {
    vec![format!("({})", vec!["?"; values].join(", ")); rows].join(", ")
}

/// Whether an event and its sealed units are more than one row should have.
fn is_apart(event: &StoredEvent) -> bool {
    event.body.len() + event.sealed.len() > ROW_BYTES_MAX
}

fn event_values(nr: f64, event: &StoredEvent) -> Result<[Value<'_>; EVENT_VALUES], StoreError> {
    Ok([
        Value::Number(nr),
        Value::Number(to_double(event.pos)?),
        Value::Text(&event.stream),
        Value::Number(to_double(event.seq)?),
        Value::Bytes(&event.body),
        Value::Bytes(&event.hash),
        if is_apart(event) { Value::Null } else { Value::Bytes(&event.sealed) },
    ])
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
