//! What a crash leaves: a store in memory, and a way to begin again on it.

use async_trait::async_trait;
use kernel::storage::Address;
use ports::Store;
use store_memory::MemoryStore;
use testkit::store::Subject;

/// A disk that keeps what it acknowledged.
#[derive(Debug, Default)]
pub struct Disk(MemoryStore);

#[async_trait(?Send)]
impl Subject for Disk {
    fn store(&self) -> &dyn Store {
        &self.0
    }

    async fn reopen(&mut self) -> Result<(), String> {
        Ok(())
    }

    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String> {
        self.0.alter_row(workspace, at).map(drop).map_err(|error| error.to_string())
    }

    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String> {
        self.0.alter_event(workspace, pos).map(drop).map_err(|error| error.to_string())
    }
}
