//! What the suite needs from an adapter under test.

use async_trait::async_trait;
use kernel::storage::Address;
use ports::Store;

/// An adapter under test, with the two things a port cannot offer: a restart, and damage.
#[async_trait(?Send)]
pub trait Subject {
    /// The store. It is borrowed, so that no story can hold on to it across a restart.
    fn store(&self) -> &dyn Store;

    /// Drop the adapter without a goodbye and open it again on what it left.
    async fn reopen(&mut self) -> Result<(), String>;

    /// Alter a byte of the value stored at `at`, behind the adapter's back and without telling the hash.
    async fn alter_row(&mut self, workspace: &str, at: &Address) -> Result<(), String>;

    /// Alter a byte of the stored body of the event at `pos`, in the same way.
    async fn alter_event(&mut self, workspace: &str, pos: u64) -> Result<(), String>;
}
