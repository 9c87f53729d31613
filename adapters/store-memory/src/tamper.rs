//! Damage on purpose, so that tests can show it is found.

use kernel::storage::Address;
use ports::store::StoreError;

use crate::MemoryStore;

impl MemoryStore {
    /// Alter one byte of the row at `address` without telling its hash. False if there is no such row, or no byte in it.
    pub fn alter_row(&self, workspace: &str, address: &Address) -> Result<bool, StoreError> {
        self.touch(workspace, |held| Ok(alter(held.rows.get_mut(address).map(|row| &mut row.value))))
    }

    /// Alter one byte of the event at `pos` without telling its hash. False if there is no such event, or no byte in it.
    pub fn alter_event(&self, workspace: &str, pos: u64) -> Result<bool, StoreError> {
        self.touch(workspace, |held| Ok(alter(held.event_mut(pos).map(|event| &mut event.body))))
    }
}

fn alter(bytes: Option<&mut Vec<u8>>) -> bool {
    let Some(byte) = bytes.and_then(|bytes| bytes.first_mut()) else { return false };
    *byte ^= 1;
    true
}
