//! The statements that read. Nothing leaves here that is not what was hashed.

use kernel::hash::{Domain, Hash, hash};
use kernel::storage::{Address, Head, Row, StoredEvent};
use ports::StoreError::NoWorkspace;
use ports::{Sizes, StoreError};

use crate::DurableObjectStore;
use crate::fault::{damaged, damaged_row};
use crate::number::{at_most, to_double};
use crate::schema;
use crate::sql::{Found, Value};

/// Addresses looked up by one statement.
const ADDRESSES_MAX: usize = 512;

const ROWS: &str = "SELECT a.key, r.value, r.hash, r.since FROM json_each(?2) a CROSS JOIN rows r \
                    ON r.nr=?1 AND r.space=a.value->>0 AND r.key=a.value->>1";
const RANGE: &str = "SELECT key, value, hash, since FROM rows WHERE nr=? AND space=? AND key>? AND key<? \
                     ORDER BY key LIMIT ?";
/// One seek for each space, not a walk over all rows.
const SPACES: &str = "WITH RECURSIVE found(space) AS (SELECT min(space) FROM rows WHERE nr=?1 UNION ALL \
                      SELECT (SELECT min(space) FROM rows WHERE nr=?1 AND space>found.space) FROM found \
                      WHERE found.space IS NOT NULL) SELECT space FROM found WHERE space IS NOT NULL";
const EVENTS: &str = "SELECT e.pos, e.stream, e.seq, e.body, e.hash, coalesce(e.sealed, s.units) FROM events e \
                      LEFT JOIN sealed s ON e.sealed IS NULL AND s.nr=e.nr AND s.pos=e.pos \
                      WHERE e.nr=? AND e.pos>? ORDER BY e.pos LIMIT ?";

const LOG_BYTES: &str = "SELECT coalesce(sum(length(body) + coalesce(length(sealed), 0)), 0) FROM events WHERE nr=?";
const APART_BYTES: &str = "SELECT coalesce(sum(length(units)), 0) FROM sealed WHERE nr=?";
const ROW_BYTES: &str = "SELECT space, sum(length(value)) FROM rows WHERE nr=? GROUP BY space";

/// A head, and the number of its workspace in this object.
pub(crate) struct Stored {
    pub(crate) nr: f64,
    pub(crate) head: Head,
}

impl DurableObjectStore {
    /// Whether there can be a workspace. Looked up until there is.
    pub(crate) fn is_made(&self) -> Result<bool, StoreError> {
        if !self.made.get() {
            self.made.set(schema::is_there(&self.sql)?);
        }
        Ok(self.made.get())
    }

    /// The head of a workspace.
    pub(crate) fn stored(&self, workspace: &str) -> Result<Stored, StoreError> {
        if !self.is_made()? {
            return Err(NoWorkspace);
        }
        let found = self.sql.run("SELECT nr, pos, epoch, value FROM heads WHERE ws=?", &[Value::Text(workspace)])?;
        let found = found.first().ok_or(NoWorkspace)?;
        head(found).ok_or_else(|| damaged("the head"))
    }

    /// The number of a workspace. It has the same one for as long as it is there, so it is looked up once.
    pub(crate) fn nr(&self, workspace: &str) -> Result<f64, StoreError> {
        let known = self.last.borrow().as_ref().filter(|(name, _)| name == workspace).map(|(_, nr)| *nr);
        if let Some(nr) = known {
            return Ok(nr);
        }
        let nr = self.stored(workspace)?.nr;
        self.last.replace(Some((workspace.to_owned(), nr)));
        Ok(nr)
    }

    pub(crate) fn rows_at(&self, nr: f64, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        let mut rows = vec![None; addresses.len()];
        for (chunk, places) in addresses.chunks(ADDRESSES_MAX).zip(rows.chunks_mut(ADDRESSES_MAX)) {
            let pairs: Vec<[&str; 2]> = chunk.iter().map(|at| [at.space.as_str(), at.key.as_str()]).collect();
            let pairs = serde_json::to_string(&pairs).map_err(|why| StoreError::Unavailable(why.to_string()))?;
            for found in self.sql.run(ROWS, &[Value::Number(nr), Value::Text(&pairs)])? {
                let nth = found.number(0).and_then(|nth| usize::try_from(nth).ok()).unwrap_or(usize::MAX);
                if let (Some(at), Some(place)) = (chunk.get(nth), places.get_mut(nth)) {
                    *place = Some(row(&found).ok_or_else(|| damaged_row(&at.space, &at.key))?);
                }
            }
        }
        Ok(rows)
    }

    pub(crate) fn rows_between(
        &self,
        nr: f64,
        space: &str,
        [after, until]: [&str; 2],
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let (from, to, limit) = (Value::Text(after), Value::Text(until), Value::Number(at_most(limit)));
        let found = self.sql.run(RANGE, &[Value::Number(nr), Value::Text(space), from, to, limit])?;
        let whole = |found: &Found| {
            let key = found.text(0).ok_or_else(|| damaged_row(space, "?"))?;
            let row = row(found).ok_or_else(|| damaged_row(space, &key))?;
            Ok((key, row))
        };
        found.iter().map(whole).collect()
    }

    pub(crate) fn names_of_spaces(&self, nr: f64) -> Result<Vec<String>, StoreError> {
        let found = self.sql.run(SPACES, &[Value::Number(nr)])?;
        found.iter().map(|found| found.text(0).ok_or_else(|| damaged("the name of a space"))).collect()
    }

    /// Bytes of values, of events and of rows by space.
    pub(crate) fn sizes_of(&self, nr: f64) -> Result<Sizes, StoreError> {
        let mut sizes = Sizes::default();
        for log in [LOG_BYTES, APART_BYTES] {
            let found = self.sql.run(log, &[Value::Number(nr)])?;
            sizes.log += found.first().and_then(|found| found.number(0)).unwrap_or_default();
        }
        let found = self.sql.run(ROW_BYTES, &[Value::Number(nr)])?;
        sizes.spaces = found.iter().filter_map(|found| found.text(0).zip(found.number(1))).collect();
        Ok(sizes)
    }

    pub(crate) fn events_after(&self, nr: f64, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        // There is nothing after a position that cannot be.
        let Ok(after) = to_double(after) else { return Ok(Vec::new()) };
        let found = self.sql.run(EVENTS, &[Value::Number(nr), Value::Number(after), Value::Number(at_most(limit))])?;
        let whole = |found: &Found| {
            event(found).ok_or_else(|| damaged(format!("event {}", found.number(0).unwrap_or_default())))
        };
        found.iter().map(whole).collect()
    }
}

/// `nr, pos, epoch, value` as a head.
pub(crate) fn head(found: &Found) -> Option<Stored> {
    let head = Head { pos: found.number(1)?, epoch: found.number(2)?, value: found.bytes(3)? };
    Some(Stored { nr: to_double(found.number(0)?).ok()?, head })
}

/// `_, value, hash, since` as a row, if its value is what was hashed.
fn row(found: &Found) -> Option<Row> {
    let hash_of: Hash = found.bytes(2)?.try_into().ok()?;
    let row = Row { value: found.bytes(1)?, hash: hash_of, since: found.number(3)? };
    (hash(Domain::Row, &[&row.value]) == row.hash).then_some(row)
}

/// `pos, stream, seq, body, hash, sealed` as an event, if its body is what was hashed.
fn event(found: &Found) -> Option<StoredEvent> {
    let event = StoredEvent {
        pos: found.number(0)?,
        stream: found.text(1)?,
        seq: found.number(2)?,
        body: found.bytes(3)?,
        hash: found.bytes(4)?.try_into().ok()?,
        sealed: found.bytes(5)?,
    };
    (hash(Domain::Event, &[&event.body]) == event.hash).then_some(event)
}
