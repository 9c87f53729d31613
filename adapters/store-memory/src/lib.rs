//! A store in memory: the reference of the storage port, and what tests and the simulation run on.
//!
//! It keeps every promise of [`ports::Store`] but one: what it holds ends with the last handle. A [`MemoryStore`] is a
//! handle; a test clones it, drops whatever works on it, and goes on with the clone as after a restart.

mod ids;
mod store;
mod tamper;
mod workspace;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::storage::{Address, Head, Row, StoredEvent};
use ports::store::StoreError;

use crate::workspace::Workspace;

/// A handle on workspaces in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    workspaces: Rc<RefCell<BTreeMap<String, Workspace>>>,
    limit: Rc<Cell<Option<u64>>>,
}

/// Everything a workspace holds, unverified: two dumps are equal exactly when the workspaces are, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// The head.
    pub head: Head,
    /// All events, ordered by position.
    pub events: Vec<StoredEvent>,
    /// All rows, ordered by address.
    pub rows: Vec<(Address, Row)>,
}

impl MemoryStore {
    /// A store without workspaces.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on there is room for so many bytes in each workspace.
    pub fn limit(&self, bytes: Option<u64>) {
        self.limit.set(bytes);
    }

    /// Everything `workspace` holds.
    pub fn dump(&self, workspace: &str) -> Result<Dump, StoreError> {
        self.look(workspace, |held| {
            Ok(Dump {
                head: held.head.clone(),
                events: held.events.clone(),
                rows: held.rows.iter().map(|(at, row)| (at.clone(), row.clone())).collect(),
            })
        })
    }

    fn look<T>(&self, id: &str, ask: impl FnOnce(&Workspace) -> Result<T, StoreError>) -> Result<T, StoreError> {
        ask(self.workspaces.borrow().get(id).ok_or(StoreError::NoWorkspace)?)
    }

    fn touch<T>(&self, id: &str, act: impl FnOnce(&mut Workspace) -> Result<T, StoreError>) -> Result<T, StoreError> {
        act(self.workspaces.borrow_mut().get_mut(id).ok_or(StoreError::NoWorkspace)?)
    }
}
