//! The statements that read. Nothing leaves here that is not whole.

use kernel::storage::{Row, StoredEvent};
use libsql::{Connection, Result};

use crate::fault::{Trouble, damaged};
use crate::files::Files;
use crate::statement::{Statement, integer, number, string, text};
use crate::whole::{Stored, whole_event, whole_head, whole_row};

type Read<T> = std::result::Result<T, Trouble>;

/// The reading statements.
pub(crate) struct Reads {
    head: Statement,
    row: Statement,
    range: Statement,
    spaces: Statement,
    events: Statement,
    all_rows: Statement,
}

const HEAD: &str = "CAST(pos AS INTEGER), CAST(epoch AS INTEGER), CAST(turn AS INTEGER), CAST(value AS BLOB), \
                    CAST(sum AS INTEGER)";
const ROW: &str = "CAST(value AS BLOB), CAST(hash AS BLOB), CAST(since AS INTEGER), CAST(sum AS INTEGER)";
const EVENT: &str = "CAST(pos AS INTEGER), CAST(stream AS BLOB), CAST(seq AS INTEGER), CAST(body AS BLOB), \
                     CAST(hash AS BLOB), CAST(sealed AS BLOB), CAST(sum AS INTEGER)";

impl Reads {
    pub(crate) fn prepare(connection: &Connection, files: &Files) -> Result<Self> {
        let ws = &files.id;
        let statement = |sql: String| Statement::prepare(connection, &sql);
        Ok(Self {
            head: statement(format!("SELECT {HEAD} FROM heads WHERE ws='{ws}'"))?,
            row: statement(format!("SELECT {ROW} FROM rows WHERE ws='{ws}' AND space=?1 AND key=?2"))?,
            range: statement(format!(
                "SELECT {ROW}, CAST(key AS BLOB) FROM rows \
                 WHERE ws='{ws}' AND space=?1 AND key>?2 AND key<?3 ORDER BY key LIMIT ?4"
            ))?,
            spaces: statement(format!(
                "SELECT CAST(space AS BLOB) FROM rows WHERE ws='{ws}' AND space>?1 ORDER BY space LIMIT 1"
            ))?,
            events: statement(format!("SELECT {EVENT}, ws='{ws}' FROM events WHERE pos>?1 ORDER BY pos LIMIT ?2"))?,
            all_rows: statement(format!("SELECT {ROW}, CAST(key AS BLOB), CAST(space AS BLOB), ws='{ws}' FROM rows"))?,
        })
    }

    /// The head.
    pub(crate) fn head(&self, files: &Files) -> Read<Stored> {
        let mut head = None;
        self.head.each([], |row| {
            head = whole_head(row);
            Ok(())
        })?;
        head.ok_or_else(|| damaged(files, "the head is missing or altered").into())
    }

    /// The row at `space`/`key`.
    pub(crate) fn row(&self, files: &Files, space: &str, key: &str) -> Read<Option<Row>> {
        let mut found = None;
        self.row.each([text(space), text(key)], |row| {
            found = Some(whole_row(row, space, key).ok_or_else(|| altered_row(files, space, key))?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Rows of `space` between two keys.
    pub(crate) fn range(
        &self,
        files: &Files,
        space: &str,
        [after, until]: [&str; 2],
        limit: usize,
    ) -> Read<Vec<(String, Row)>> {
        let mut found = Vec::new();
        let values = [text(space), text(after), text(until), number(at_most(limit))];
        self.range.each(values, |row| {
            let key = string(row, 4).ok_or_else(|| altered_row(files, space, "?"))?;
            let row = whole_row(row, space, &key).ok_or_else(|| altered_row(files, space, &key))?;
            found.push((key, row));
            Ok(())
        })?;
        Ok(found)
    }

    /// Names of the spaces with rows: one seek for each, not a walk over all rows.
    pub(crate) fn spaces(&self, files: &Files) -> Read<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        loop {
            let before = found.len();
            let last = found.last().map_or("", String::as_str).to_owned();
            self.spaces.each([text(&last)], |row| {
                found.push(string(row, 0).ok_or_else(|| altered_row(files, "?", "?"))?);
                Ok(())
            })?;
            if found.len() == before {
                return Ok(found);
            }
        }
    }

    /// Events after a position.
    pub(crate) fn events(&self, files: &Files, after: u64, limit: usize) -> Read<Vec<StoredEvent>> {
        let mut found = Vec::new();
        self.each_event(files, after, limit, |event| {
            found.push(event?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Look at events after a position, the altered ones too.
    pub(crate) fn each_event(
        &self,
        files: &Files,
        after: u64,
        limit: usize,
        mut look: impl FnMut(Read<StoredEvent>) -> Read<()>,
    ) -> Read<()> {
        let Ok(after) = i64::try_from(after) else { return Ok(()) };
        self.events.each([libsql::Value::Integer(after), number(at_most(limit))], |row| {
            let pos = integer(row, 0).unwrap_or_default();
            look(whole_event(row).ok_or_else(|| damaged(files, &format!("event {pos}")).into()))
        })
    }

    /// Look at every row of every space and workspace in the file; `look` gets what is wrong with each.
    pub(crate) fn each_row(&self, mut look: impl FnMut(Option<String>)) -> Read<()> {
        self.all_rows.each([], |row| {
            let (space, key) = (string(row, 5).unwrap_or_default(), string(row, 4).unwrap_or_default());
            let whole = integer(row, 6) == Some(1) && whole_row(row, &space, &key).is_some();
            look((!whole).then(|| format!("row {space}/{key}")));
            Ok(())
        })
    }
}

fn altered_row(files: &Files, space: &str, key: &str) -> Trouble {
    damaged(files, &format!("row {space}/{key}")).into()
}

fn at_most(limit: usize) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX).min(i64::MAX.cast_unsigned())
}
