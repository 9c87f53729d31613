//! A store whose log is whole: events that left it are read out of segments, and nobody notices.

use super::reader::{Reader, entry_behind, read};
use async_trait::async_trait;
use kernel::segment::{Entry, Sealed};
use kernel::storage::{Address, Batch, Head, Row, StoredEvent, Write};
use ports::{Conflict, Sizes, Space, Store, StoreError};
use std::rc::Rc;

/// How often dropping what was sealed meets another writer.
const ATTEMPTS_MAX: usize = 16;

/// A store, and what is known of the segments in it.
pub(crate) struct WholeLog<'a> {
    under: Under<'a>,
    reader: Reader,
}

/// A store that is owned together, or borrowed for a while.
enum Under<'a> {
    Shared(Rc<dyn Store>),
    Borrowed(&'a dyn Store),
}

impl WholeLog<'static> {
    /// Over a store that is owned together.
    pub(crate) fn over(store: Rc<dyn Store>) -> Self {
        Self { under: Under::Shared(store), reader: Reader::default() }
    }
}

impl<'a> WholeLog<'a> {
    /// Over a store for a while.
    pub(crate) fn of(store: &'a dyn Store) -> Self {
        Self { under: Under::Borrowed(store), reader: Reader::default() }
    }

    fn under(&self) -> &dyn Store {
        match &self.under {
            Under::Shared(store) => &**store,
            Under::Borrowed(store) => *store,
        }
    }

    /// Events that are not packed.
    pub(crate) async fn unpacked(
        &self,
        workspace: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.under().events(workspace, after, limit).await
    }

    /// Write what was sealed in a segment again without that of one event. False where that event is in none.
    async fn drop_packed(&self, workspace: &str, dropped: u64) -> Result<bool, StoreError> {
        let Head { pos, epoch, value } = self.head(workspace).await?;
        let entry = entry_behind(self.under(), workspace, dropped.saturating_sub(1)).await?;
        let Some(entry) = entry.filter(|entry| entry.first <= dropped) else { return Ok(false) };
        let mut events = read(self.under(), workspace, &entry).await?;
        for event in events.iter_mut().filter(|event| event.pos == dropped) {
            event.sealed = Vec::new();
        }
        let (next, named) = entry.sealed_again(&Sealed::of(&events));
        let gone = entry.sealed.iter().filter(|name| !next.sealed.contains(name));
        let mut writes: Vec<_> = gone.map(|name| (Entry::named(name), Write::Delete)).collect();
        writes.extend(
            named.into_iter().map(|(name, bytes)| (Entry::named(&name), Write::Put(Entry::holding(bytes, pos)))),
        );
        let row = next.row(pos).map_err(|what| StoreError::Damaged { what })?;
        writes.push((Entry::address(next.last), Write::Put(row)));
        writes.sort_by(|(one, _), (other, _)| one.cmp(other));
        let batch = Batch { expected_pos: pos, epoch, pos, head: value, writes, ..Batch::default() };
        self.commit(workspace, &batch).await?;
        self.reader.forget();
        Ok(true)
    }
}

#[async_trait(?Send)]
impl Store for WholeLog<'_> {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        self.under().create(workspace).await
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.reader.forget();
        self.under().delete(workspace).await
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.reader.forget();
        self.under().delete_at(workspace, pos, epoch).await
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.under().workspaces().await
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.under().claim(workspace).await
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.under().head(workspace).await
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.under().rows(workspace, addresses).await
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.under().range(workspace, space, after, until, limit).await
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.under().spaces(workspace).await
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.reader.events(self.under(), workspace, after, limit).await
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.under().commit(workspace, batch).await
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            match self.drop_packed(workspace, pos).await {
                Ok(true) => return Ok(()),
                Ok(false) => return self.under().drop_sealed(workspace, pos).await,
                Err(StoreError::Conflict(Conflict::Head { .. } | Conflict::Fenced { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Unavailable("others were always first".to_owned()))
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.under().check(workspace).await
    }

    async fn space(&self, workspace: &str) -> Result<Space, StoreError> {
        self.under().space(workspace).await
    }

    async fn sizes(&self, workspace: &str) -> Result<Sizes, StoreError> {
        self.under().sizes(workspace).await
    }
}
