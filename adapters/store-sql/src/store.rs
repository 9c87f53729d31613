//! The storage port in single statements.

use crate::read::{Columns, damaged};
use crate::schema::{FENCED, MOVED, NO_WORKSPACE, TAKEN};
use crate::{SqlStore, ids};
use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use ports::store::shared::Aside;
use ports::{Conflict, SharedStore as _, Sizes, Space, SqlError, SqlValue, Store, StoreError};

/// Most addresses that are asked for in one statement: the rows of one may be as large as an answer may be.
const ROWS_AT_ONCE: usize = 100;

// Every read joins the head, so that a workspace that is not there gives no row at all, and one without what is asked for
// gives one row of nothing.
const HEAD: &str = "SELECT pos, epoch, value FROM heads WHERE workspace=?1";
const ROWS: &str = "SELECT a.key, r.value, r.hash, r.since FROM heads h LEFT JOIN json_each(?2) a \
    LEFT JOIN rows r ON r.workspace=?1 AND r.space=a.value->>0 AND r.key=a.value->>1 WHERE h.workspace=?1";
const RANGE: &str = "SELECT r.key, r.value, r.hash, r.since FROM heads h LEFT JOIN \
    (SELECT key, value, hash, since FROM rows WHERE workspace=?1 AND space=?2 AND key>?3 AND key<?4 \
     ORDER BY key LIMIT ?5) r WHERE h.workspace=?1 ORDER BY r.key";
const EVENTS: &str = "SELECT e.pos, e.stream, e.seq, e.body, e.hash, e.sealed FROM heads h LEFT JOIN \
    (SELECT pos, stream, seq, body, hash, sealed FROM events WHERE workspace=?1 AND pos>?2 ORDER BY pos LIMIT ?3) e \
    WHERE h.workspace=?1 ORDER BY e.pos";
const SPACE: &str = "SELECT s.space FROM heads h LEFT JOIN \
    (SELECT space FROM rows WHERE workspace=?1 AND space>?2 ORDER BY space LIMIT 1) s WHERE h.workspace=?1";
const CHECK: &str = "SELECT h.pos, (SELECT count(*) FROM events WHERE workspace=?1), \
    (SELECT coalesce(min(pos), 1) FROM events WHERE workspace=?1), \
    (SELECT coalesce(max(pos), 0) FROM events WHERE workspace=?1) FROM heads h WHERE h.workspace=?1";
const PAGES: &str = "SELECT (c.page_count - f.freelist_count) * s.page_size FROM heads h, pragma_page_count() c, \
    pragma_freelist_count() f, pragma_page_size() s WHERE h.workspace=?1";
const LOG_BYTES: &str = "SELECT (SELECT coalesce(sum(length(body) + length(sealed)), 0) FROM events WHERE workspace=?1) \
    FROM heads WHERE workspace=?1";
const ROW_BYTES: &str = "SELECT space, sum(length(value)) FROM rows WHERE workspace=?1 GROUP BY space";
const WAKE: &str = "SELECT wake FROM heads WHERE workspace=?1";
const CREATE: &str = "INSERT INTO heads(workspace, pos, epoch, value) VALUES(?1, 0, 0, x'') \
    ON CONFLICT DO NOTHING RETURNING pos";
const CLAIM: &str = "UPDATE heads SET epoch=epoch+1 WHERE workspace=?1 RETURNING pos, epoch, value";
const REMOVE: &str = "INSERT INTO removals(workspace, pos, epoch) VALUES(?1, ?2, ?3)";

#[async_trait(?Send)]
impl Store for SqlStore {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        ids::refuse_odd(workspace)?;
        let made = self.ask(CREATE, &[workspace.into()]).await?;
        if made.is_empty() { Err(StoreError::Exists) } else { Ok(()) }
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.remove(workspace, None).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.remove(workspace, Some((pos, epoch))).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let found = self.ask("SELECT workspace FROM heads ORDER BY workspace", &[]).await?;
        Ok(found.into_iter().filter_map(|mut row| row.text()).collect())
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.one(CLAIM, workspace).await?.head()
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.one(HEAD, workspace).await?.head()
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        if addresses.is_empty() {
            return self.head(workspace).await.map(|_| Vec::new());
        }
        let mut found = Vec::with_capacity(addresses.len());
        for some in addresses.chunks(ROWS_AT_ONCE) {
            let asked = serde_json::to_string(&some.iter().map(|at| (&at.space, &at.key)).collect::<Vec<_>>());
            let asked = asked.map_err(|why| StoreError::Unavailable(why.to_string()))?;
            let mut here: Vec<Option<Row>> = vec![None; some.len()];
            for mut row in self.there(ROWS, &[workspace.into(), SqlValue::Text(asked)]).await? {
                let nth = row.number().and_then(|nth| usize::try_from(nth).ok());
                let place = nth.and_then(|nth| Some((some.get(nth)?, here.get_mut(nth)?)));
                let (at, place) = place.ok_or_else(|| StoreError::Unavailable("rows that nobody asked for".into()))?;
                *place = if row.is_nothing() { None } else { Some(row.row(&at.space, &at.key)?) };
            }
            found.append(&mut here);
        }
        Ok(found)
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        let values = [workspace.into(), space.into(), after.into(), until.into(), number_at_most(limit)];
        let mut found = Vec::new();
        for mut row in self.there(RANGE, &values).await? {
            if row.is_nothing() {
                continue;
            }
            let key = row.text().ok_or_else(|| damaged(format!("a key of {space}")))?;
            let value = row.row(space, &key)?;
            found.push((key, value));
        }
        Ok(found)
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        // One seek for each space, not a walk over all rows.
        let mut spaces: Vec<String> = Vec::new();
        loop {
            let last = spaces.last().map_or("", String::as_str);
            let mut found = self.there(SPACE, &[workspace.into(), last.into()]).await?;
            match found.first_mut().and_then(Columns::text) {
                Some(space) => spaces.push(space),
                None => return Ok(spaces),
            }
        }
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let found = self.there(EVENTS, &[workspace.into(), number(after), number_at_most(limit)]).await?;
        let mut events = Vec::with_capacity(found.len());
        for mut row in found {
            if !row.is_nothing() {
                events.push(row.event()?);
            }
        }
        Ok(events)
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        // Whoever says nothing of an alarm leaves it as it is.
        let wake_at = self.there(WAKE, &[workspace.into()]).await?.first_mut().and_then(Columns::number);
        self.commit_with(workspace, batch, &Aside { wake_at, ..Aside::default() }).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.head(workspace).await?;
        let statement = "UPDATE events SET sealed=x'' WHERE workspace=?1 AND pos=?2";
        self.ask(statement, &[workspace.into(), number(pos)]).await.map(drop)
    }

    async fn space(&self, workspace: &str) -> Result<Space, StoreError> {
        // A statement more, so it is only asked where somebody wants to know.
        let Some(limit) = self.limit else { return Ok(Space::default()) };
        let used = self.there(PAGES, &[workspace.into()]).await?.first_mut().and_then(Columns::number);
        Ok(Space { used: used.unwrap_or_default(), limit: Some(limit) })
    }

    async fn sizes(&self, workspace: &str) -> Result<Sizes, StoreError> {
        let mut sizes = Sizes::default();
        let log = self.there(LOG_BYTES, &[workspace.into()]).await?.first_mut().and_then(Columns::number);
        sizes.log = log.unwrap_or_default();
        for mut row in self.ask(ROW_BYTES, &[workspace.into()]).await? {
            sizes.spaces.extend(row.text().zip(row.number()));
        }
        Ok(sizes)
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        let mut row = self.one(CHECK, workspace).await?;
        let mut number = || row.number().unwrap_or_default();
        let (pos, count, first, last) = (number(), number(), number(), number());
        // Whether the events before the first one were packed, or are lost, is not known here.
        if pos == last && count == (last + 1).saturating_sub(first) {
            return Ok(Vec::new());
        }
        Ok(vec![format!(
            "the head is at position {pos}, the log has {count} events from {first} on and ends at {last}"
        )])
    }
}

impl SqlStore {
    pub(crate) async fn ask(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Columns>, StoreError> {
        let rows = self.sql.execute(statement, values).await.map_err(|why| StoreError::Unavailable(why.0))?;
        Ok(rows.into_iter().map(Columns::of).collect())
    }

    /// The same, where no row at all means that there is no workspace.
    pub(crate) async fn there(&self, statement: &str, values: &[SqlValue]) -> Result<Vec<Columns>, StoreError> {
        let rows = self.ask(statement, values).await?;
        if rows.is_empty() { Err(StoreError::NoWorkspace) } else { Ok(rows) }
    }

    /// Remove a workspace, whatever its head, or only at a position and under a token.
    async fn remove(&self, workspace: &str, at: Option<(u64, u64)>) -> Result<(), StoreError> {
        let (pos, epoch) = at.map_or((SqlValue::Null, SqlValue::Null), |(pos, epoch)| (number(pos), number(epoch)));
        match self.sql.execute(REMOVE, &[workspace.into(), pos, epoch]).await {
            Ok(_) => Ok(()),
            Err(why) => Err(self.refusal(workspace, None, &why).await?),
        }
    }

    async fn one(&self, statement: &str, workspace: &str) -> Result<Columns, StoreError> {
        self.there(statement, &[workspace.into()]).await?.into_iter().next().ok_or(StoreError::NoWorkspace)
    }

    /// What the words of a database mean that took no commit, or no removal. Everything was rolled back, so the head can be
    /// asked.
    pub(crate) async fn refusal(
        &self,
        workspace: &str,
        batch: Option<&Batch>,
        why: &SqlError,
    ) -> Result<StoreError, StoreError> {
        let says = |text: &str| why.0.contains(text);
        if says(NO_WORKSPACE) {
            return Ok(StoreError::NoWorkspace);
        }
        if says(FENCED) {
            let stored = self.head(workspace).await?.epoch;
            return Ok(StoreError::Conflict(Conflict::Fenced { stored }));
        }
        if says(MOVED) {
            let stored = self.head(workspace).await?.pos;
            return Ok(StoreError::Conflict(Conflict::Head { stored }));
        }
        if says(TAKEN)
            && let Some(batch) = batch
            && let Some(at) = self.taken(workspace, batch).await?
        {
            return Ok(StoreError::Conflict(Conflict::Taken(at)));
        }
        Ok(StoreError::Unavailable(why.0.clone()))
    }

    /// The first address of `batch` that has to be free and is not.
    async fn taken(&self, workspace: &str, batch: &Batch) -> Result<Option<Address>, StoreError> {
        let inserted = batch.writes.iter().filter(|(_, write)| matches!(write, Write::Insert(_)));
        let addresses: Vec<Address> = inserted.map(|(at, _)| at.clone()).collect();
        let rows = self.rows(workspace, &addresses).await?;
        Ok(addresses.into_iter().zip(rows).find(|(_, row)| row.is_some()).map(|(at, _)| at))
    }
}

/// A number to compare with stored ones, which never come near 63 bits: one beyond them is equal to none either way.
pub(crate) fn number(number: u64) -> SqlValue {
    SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(crate) fn number_at_most(limit: usize) -> SqlValue {
    SqlValue::Integer(i64::try_from(limit).unwrap_or(i64::MAX))
}
