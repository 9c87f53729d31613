//! The storage port over memory.

use std::ops::Bound::Excluded;

use async_trait::async_trait;
use kernel::storage::{Address, Batch, Head, Row, StoredEvent};
use ports::store::{Sizes, Space, Store, StoreError, refuse_malformed, refuse_other_head};

use crate::workspace::{Workspace, whole_event, whole_row};
use crate::{MemoryStore, ids};

#[async_trait(?Send)]
impl Store for MemoryStore {
    async fn create(&self, workspace: &str) -> Result<(), StoreError> {
        ids::refuse_odd(workspace)?;
        let mut held = self.workspaces.borrow_mut();
        if held.contains_key(workspace) {
            return Err(StoreError::Exists);
        }
        held.insert(workspace.to_owned(), Workspace::new());
        Ok(())
    }

    async fn delete(&self, workspace: &str) -> Result<(), StoreError> {
        self.workspaces.borrow_mut().remove(workspace).map(drop).ok_or(StoreError::NoWorkspace)
    }

    async fn delete_at(&self, workspace: &str, pos: u64, epoch: u64) -> Result<(), StoreError> {
        self.look(workspace, |held| refuse_other_head(&held.head, pos, epoch))?;
        self.workspaces.borrow_mut().remove(workspace);
        Ok(())
    }

    async fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.workspaces.borrow().keys().cloned().collect())
    }

    async fn claim(&self, workspace: &str) -> Result<Head, StoreError> {
        self.touch(workspace, |held| {
            held.head.epoch += 1;
            Ok(held.head.clone())
        })
    }

    async fn head(&self, workspace: &str) -> Result<Head, StoreError> {
        self.look(workspace, |held| Ok(held.head.clone()))
    }

    async fn rows(&self, workspace: &str, addresses: &[Address]) -> Result<Vec<Option<Row>>, StoreError> {
        self.look(workspace, |held| {
            let found = |at: &Address| held.rows.get(at).map(|row| whole_row(&at.space, &at.key, row)).transpose();
            addresses.iter().map(found).collect()
        })
    }

    async fn range(
        &self,
        workspace: &str,
        space: &str,
        after: &str,
        until: &str,
        limit: usize,
    ) -> Result<Vec<(String, Row)>, StoreError> {
        self.look(workspace, |held| {
            if until <= after {
                return Ok(Vec::new());
            }
            let (after, until) = (Address::new(space, after), Address::new(space, until));
            let inside = held.rows.range((Excluded(after), Excluded(until)));
            inside.take(limit).map(|(at, row)| Ok((at.key.clone(), whole_row(space, &at.key, row)?))).collect()
        })
    }

    async fn spaces(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.look(workspace, |held| {
            let mut spaces: Vec<String> = held.rows.keys().map(|at| at.space.clone()).collect();
            spaces.dedup();
            Ok(spaces)
        })
    }

    async fn events(&self, workspace: &str, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.look(workspace, |held| {
            let from = held.events.partition_point(|event| event.pos <= after);
            held.events.iter().skip(from).take(limit).map(whole_event).collect()
        })
    }

    async fn commit(&self, workspace: &str, batch: &Batch) -> Result<(), StoreError> {
        self.touch(workspace, |held| {
            refuse_malformed(batch)?;
            held.commit(batch)
        })
    }

    async fn drop_sealed(&self, workspace: &str, pos: u64) -> Result<(), StoreError> {
        self.touch(workspace, |held| {
            if let Some(event) = held.event_mut(pos) {
                event.sealed = Vec::new();
            }
            Ok(())
        })
    }

    async fn space(&self, workspace: &str) -> Result<Space, StoreError> {
        // Nobody has to know what is there where there is no limit to it.
        let Some(limit) = self.limit.get() else { return Ok(Space::default()) };
        let sizes = self.sizes(workspace).await?;
        Ok(Space { used: sizes.log + sizes.spaces.values().sum::<u64>(), limit: Some(limit) })
    }

    async fn sizes(&self, workspace: &str) -> Result<Sizes, StoreError> {
        self.look(workspace, |held| {
            let log = held.events.iter().map(|event| (event.body.len() + event.sealed.len()) as u64).sum();
            let mut sizes = Sizes { log, ..Sizes::default() };
            for (at, row) in &held.rows {
                *sizes.spaces.entry(at.space.clone()).or_default() += row.value.len() as u64;
            }
            Ok(sizes)
        })
    }

    async fn check(&self, workspace: &str) -> Result<Vec<String>, StoreError> {
        self.look(workspace, |held| Ok(gaps(held)))
    }
}

/// Memory has no file that could be damaged; what is left to find is a log that does not end where the head says.
fn gaps(held: &Workspace) -> Vec<String> {
    let last = held.events.last().map_or(0, |event| event.pos);
    if last == held.head.pos {
        return Vec::new();
    }
    vec![format!("the head is at position {}, the log ends at {last}", held.head.pos)]
}
