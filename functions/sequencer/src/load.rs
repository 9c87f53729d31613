//! Loading what the kernel asks for.

use crate::{Failure, Sequencer, broken};
use kernel::key::{Index, Key, Line, Space};
use kernel::machine::{Stop, chunk_address, kept_key, key_address, pages_space};
use kernel::map::PageKey;
use kernel::storage::{Address, StoredEvent};
use kernel::view::{RANGE_MAX, Want};
use ports::StoreError;

/// Events loaded in one go.
const EVENTS_MAX: usize = 256;

/// Questions one answer may need. A kernel that asks more often is asking in circles.
const LOADS_MAX: usize = 100_000;

impl Sequencer {
    /// Ask `question` until nothing has to be loaded any more.
    pub(crate) async fn ask<T>(
        &mut self,
        question: impl FnMut(&mut kernel::machine::Workspace) -> Result<T, Stop>,
    ) -> Result<T, Failure> {
        self.exists()?;
        self.ask_anyway(question).await
    }

    /// The same, also of a workspace that does not exist yet for others.
    pub(crate) async fn ask_anyway<T>(
        &mut self,
        mut question: impl FnMut(&mut kernel::machine::Workspace) -> Result<T, Stop>,
    ) -> Result<T, Failure> {
        if self.is_stale {
            self.reopen().await?;
        }
        for _ in 0..LOADS_MAX {
            match question(&mut self.workspace) {
                Ok(answer) => return Ok(answer),
                Err(Stop::Load(want)) => self.load(want).await?,
                Err(stop) => return Err(broken(stop)),
            }
        }
        Err(Failure::Store(StoreError::Damaged { what: "loading does not end".to_owned() }))
    }

    pub(crate) async fn load(&mut self, want: Want) -> Result<(), Failure> {
        match want {
            Want::Rows(space, keys) => self.load_rows(space, keys).await,
            Want::Range(space, index) => self.load_range(space, index).await,
            Want::Kept(line, key) => self.load_kept(line, key).await,
            // Making a snapshot asks the machine itself, and that may load.
            Want::Past(line, pos) => Box::pin(self.load_past(line, pos)).await,
            Want::Pages(space, keys) => self.load_pages(space, keys).await,
            Want::EventsAfter(pos) => self.load_events(pos).await,
            Want::DataKey(id, subject) => {
                let rows = self.store.rows(&self.name(), &[key_address(subject, id)]).await?;
                let row = rows.into_iter().next().flatten();
                self.workspace.supply_key(id, subject, row.as_ref()).map_err(broken)
            }
            Want::Blob(blob, chunks) => {
                let addresses: Vec<Address> = (0..chunks).map(|nth| chunk_address(blob, nth)).collect();
                let rows = self.store.rows(&self.name(), &addresses).await?;
                self.workspace.supply_blob(blob, rows).map_err(broken)
            }
            Want::Event(pos) => {
                let events = self.store.events(&self.name(), pos.saturating_sub(1), 1).await?;
                let event = events.into_iter().find(|event| event.pos == pos);
                let event = event.ok_or_else(|| StoreError::Damaged { what: format!("event {pos} is not there") })?;
                self.workspace.supply_event(event);
                Ok(())
            }
        }
    }

    pub(crate) fn name(&self) -> String {
        self.workspace.id().to_string()
    }

    pub(crate) async fn load_rows(&mut self, space: Space, keys: Vec<Key>) -> Result<(), Failure> {
        let addresses: Vec<Address> = keys.iter().map(|key| key.address(space)).collect();
        let rows = self.store.rows(&self.name(), &addresses).await?;
        self.workspace.supply_rows(space, keys.into_iter().zip(rows).collect()).map_err(broken)
    }

    async fn load_range(&mut self, space: Space, index: Index) -> Result<(), Failure> {
        let after = self.workspace.range_after(space, &index);
        let rows = self.store.range(&self.name(), &space.to_string(), &after, &index.end(), RANGE_MAX).await?;
        let complete = rows.len() < RANGE_MAX;
        self.workspace.supply_range(space, index, &rows, complete).map_err(broken)
    }

    async fn load_kept(&mut self, line: Line, key: Key) -> Result<(), Failure> {
        let (after, until) = (kept_key(&key, 0), kept_key(&key, u64::MAX));
        let space = Space::Kept(line).to_string();
        let mut rows = self.store.range(&self.name(), &space, &after, &until, usize::MAX >> 1).await?;
        rows.extend(self.earlier(line, key).await?);
        self.workspace.supply_kept(line, key, &rows).map_err(broken)
    }

    async fn load_pages(&mut self, space: Space, keys: Vec<PageKey>) -> Result<(), Failure> {
        let addresses: Vec<Address> = keys.iter().map(|key| Address::new(pages_space(space), key.text())).collect();
        let rows = self.store.rows(&self.name(), &addresses).await?;
        self.workspace.supply_pages(space, keys.into_iter().zip(rows).collect()).map_err(broken)
    }

    async fn load_events(&mut self, after: u64) -> Result<(), Failure> {
        let mut events: Vec<StoredEvent> = Vec::new();
        loop {
            let from = events.last().map_or(after, |event| event.pos);
            let page = self.store.events(&self.name(), from, EVENTS_MAX).await?;
            let last = page.len() < EVENTS_MAX;
            events.extend(page);
            if last {
                return self.workspace.supply_events(&events).map_err(broken);
            }
        }
    }
}
