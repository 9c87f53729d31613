//! The reference store holds what the port states.

use async_trait::async_trait;
use kernel::storage::Address;
use kernelos_store_memory::MemoryStore;
use ports::Store;
use testkit::store::{Subject, run};

struct InMemory(MemoryStore);

#[async_trait(?Send)]
impl Subject for InMemory {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    /// What is kept is kept by the clone; the handle that worked is dropped.
    async fn reopen(&mut self) -> Result<(), String> {
        self.0 = self.0.clone();
        Ok(())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        self.0.alter_row(workspace, at).map(drop).map_err(|error| error.to_string())
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.0.alter_event(workspace, pos).map(drop).map_err(|error| error.to_string())
    }
}

#[test]
fn the_reference_store_conforms() {
    let report = testkit::block_on(run(async || InMemory(MemoryStore::new())));
    assert!(report.failed.is_empty(), "{report}");
}
