//! The statements that write, and how values are bound to them.

use kernel::storage::{Address, StoredEvent, Write};
use libsql::{Connection, Result};
use ports::{Conflict, StoreError};

use crate::fault::{Trouble, damaged, is_taken};
use crate::files::Files;
use crate::statement::{Statement, bytes, number, text};
use crate::whole::{event_sum, head_sum, row_sum};

/// The writing statements. They are parsed once, when the file is opened.
pub(crate) struct Writes {
    pub(crate) look: Statement,
    pub(crate) begin: Statement,
    pub(crate) commit: Statement,
    pub(crate) rollback: Statement,
    head: Statement,
    event: Statement,
    sealed: Statement,
    trim: Statement,
    put: Statement,
    insert: Statement,
    delete: Statement,
}

impl Writes {
    pub(crate) fn prepare(connection: &Connection, files: &Files) -> Result<Self> {
        let ws = &files.id;
        let statement = |sql: String| Statement::prepare(connection, &sql);
        let row = format!("INTO rows(ws, space, key, value, hash, since, sum) VALUES('{ws}', ?1, ?2, ?3, ?4, ?5, ?6)");
        Ok(Self {
            look: statement("BEGIN".into())?,
            begin: statement("BEGIN IMMEDIATE".into())?,
            commit: statement("COMMIT".into())?,
            rollback: statement("ROLLBACK".into())?,
            head: statement(format!(
                "UPDATE heads SET pos=?1, epoch=?2, turn=?3, value=?4, sum=?5 \
                 WHERE ws='{ws}' AND pos=?6 AND epoch=?7 AND turn=?8"
            ))?,
            event: statement(format!(
                "INSERT INTO events(ws, pos, stream, seq, body, hash, sealed, sum) \
                 VALUES('{ws}', ?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            ))?,
            sealed: statement("UPDATE events SET sealed=x'', sum=?1 WHERE pos=?2".into())?,
            trim: statement("DELETE FROM events WHERE pos<=?1".into())?,
            put: statement(format!("REPLACE {row}"))?,
            insert: statement(format!("INSERT {row}"))?,
            delete: statement(format!("DELETE FROM rows WHERE ws='{ws}' AND space=?1 AND key=?2"))?,
        })
    }

    /// Append one event.
    pub(crate) fn add(&self, files: &Files, event: &StoredEvent) -> std::result::Result<(), Trouble> {
        let values = [
            number(event.pos),
            text(&event.stream),
            number(event.seq),
            bytes(&event.body),
            bytes(&event.hash),
            bytes(&event.sealed),
            number(event_sum(event)),
        ];
        match self.event.run(values) {
            Err(error) if is_taken(&error) => {
                Err(damaged(files, &format!("event {} is there already, beyond the head", event.pos)).into())
            }
            done => Ok(done.map(drop)?),
        }
    }

    /// Remove the events up to a position.
    pub(crate) fn trim(&self, trim: u64) -> Result<()> {
        self.trim.run([number(trim)]).map(drop)
    }

    /// Write or remove one row.
    pub(crate) fn apply(&self, at: &Address, write: &Write) -> std::result::Result<(), Trouble> {
        let (statement, row) = match write {
            Write::Put(row) => (&self.put, row),
            Write::Insert(row) => (&self.insert, row),
            Write::Delete => return Ok(self.delete.run([text(&at.space), text(&at.key)]).map(drop)?),
        };
        let values = [
            text(&at.space),
            text(&at.key),
            bytes(&row.value),
            bytes(&row.hash),
            number(row.since),
            number(row_sum(&at.space, &at.key, row)),
        ];
        match statement.run(values) {
            Err(error) if is_taken(&error) => Err(StoreError::Conflict(Conflict::Taken(at.clone())).into()),
            done => Ok(done.map(drop)?),
        }
    }

    /// Forget the sealed units of `event`, which no longer has any.
    pub(crate) fn seal_nothing(&self, event: &StoredEvent) -> Result<usize> {
        self.sealed.run([number(event_sum(event)), number(event.pos)])
    }

    /// Move the head from `from` to `to`, each a position, a token and a turn. False if it was not there.
    pub(crate) fn move_head(&self, from: [u64; 3], to: [u64; 3], value: &[u8]) -> Result<bool> {
        let ([pos, epoch, turn], [old_pos, old_epoch, old_turn]) = (to, from);
        let values = [
            number(pos),
            number(epoch),
            number(turn),
            bytes(value),
            number(head_sum(pos, epoch, turn, value)),
            number(old_pos),
            number(old_epoch),
            number(old_turn),
        ];
        Ok(self.head.run(values)? == 1)
    }
}
