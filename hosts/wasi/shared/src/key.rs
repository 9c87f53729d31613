//! The key of a workspace, which wraps its data keys: derived, so that there is one secret to keep and none to store.

use crate::setup::{MASTER_KEY, master_key};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::id::WorkspaceId;
use ports::Problem;
use sha2::Sha256;

/// What the secret is used for; other uses have other words. Hosts of other kinds derive the same key of the same secret.
const DOMAIN: &[u8] = b"kernelos workspace key 1\0";

/// The key of `workspace`. The problem says what to do about the secret, and nothing of what is in it.
pub fn workspace_key(workspace: WorkspaceId) -> Result<[u8; 32], Problem> {
    let text = workspace.to_string();
    derived(&master_key()?, &[DOMAIN, text.as_bytes()]).ok_or_else(|| crate::setup::unfit(MASTER_KEY, "makes no key"))
}

/// HMAC-SHA256 under `master`.
pub fn derived(master: &[u8; 32], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(master).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_workspace_has_a_key_of_its_own_and_always_the_same() {
        let key = |master: u8, id: u8| derived(&[master; 32], &[DOMAIN, WorkspaceId([id; 16]).to_string().as_bytes()]);
        assert!(key(1, 1).is_some());
        assert_eq!(key(1, 1), key(1, 1));
        assert_ne!(key(1, 1), key(1, 2));
        assert_ne!(key(1, 1), key(2, 1));
    }
}
