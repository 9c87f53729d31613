//! Which texts may name a workspace.

use ports::store::StoreError;

/// Refuse what is no workspace id. Other stores make file names of ids, so the reference is as strict as they are.
pub(crate) fn refuse_odd(id: &str) -> Result<(), StoreError> {
    let plain = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
    if plain && (1..=64).contains(&id.len()) {
        return Ok(());
    }
    Err(StoreError::Unavailable("a workspace id has 1 to 64 characters of a-z, 0-9, _ and -".into()))
}
