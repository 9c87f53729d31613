//! The key of a file: while a workspace travels, its data keys are wrapped under it instead of the workspace's key.

use super::key::hmac;
use super::{DataKey, OpenError};
use crate::hash::HashText;
use crate::id::{KeyId, WorkspaceId};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What a transfer key is wrapped as while an import keeps it: no data key has this id.
const KEPT_AS: KeyId = KeyId([0; 16]);

/// 32 random bytes of whoever asks for an export. Zeroed when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct TransferKey([u8; 32]);

impl std::fmt::Debug for TransferKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TransferKey")
    }
}

impl TransferKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key under which data keys are wrapped in the file.
    pub fn wrapping(&self) -> [u8; 32] {
        hmac(&self.0, b"kernelos/1/transfer wrap\0", &[])
    }

    /// Stands at the beginning of a file, so that another key is known at once.
    pub fn check(&self, workspace: WorkspaceId) -> HashText {
        HashText(hmac(&self.0, b"kernelos/1/transfer check\0", &[&workspace.0]))
    }

    /// Stands at the end of a file: whoever does not know the key cannot have written what `hash` is over.
    pub fn seal(&self, hash: &HashText) -> HashText {
        HashText(hmac(&self.0, b"kernelos/1/transfer seal\0", &[&hash.0]))
    }

    /// The key under which secrets of a vault are kept in a backup.
    pub fn secrets(&self) -> [u8; 32] {
        hmac(&self.0, b"kernelos/1/transfer secrets\0", &[])
    }

    /// The key under which a file with a piece of a timeline is sealed.
    pub fn incident(&self) -> [u8; 32] {
        hmac(&self.0, b"kernelos/1/transfer incident\0", &[])
    }

    /// The key, wrapped under the workspace's, for as long as an import takes.
    pub fn kept(&self, workspace: WorkspaceId, workspace_key: &[u8; 32]) -> Option<Vec<u8>> {
        DataKey::from_secret(KEPT_AS, self.0).wrapped(workspace, workspace_key)
    }

    /// What [`TransferKey::kept`] kept.
    pub fn found(wrapped: &[u8], workspace: WorkspaceId, workspace_key: &[u8; 32]) -> Result<Self, OpenError> {
        DataKey::secret(KEPT_AS, wrapped, workspace, workspace_key).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: WorkspaceId = WorkspaceId([1; 16]);

    #[test]
    fn a_kept_key_is_found_with_the_workspaces_key_and_with_no_other() {
        let key = TransferKey::new([7; 32]);
        let kept = key.kept(HERE, &[5; 32]).unwrap();
        assert!(!kept.windows(8).any(|window| window == [7; 8]));
        assert_eq!(TransferKey::found(&kept, HERE, &[5; 32]), Ok(key));
        for (workspace, workspace_key) in [(HERE, [6; 32]), (WorkspaceId([2; 16]), [5; 32])] {
            assert_eq!(TransferKey::found(&kept, workspace, &workspace_key), Err(OpenError::WrongKey));
        }
    }

    #[test]
    fn what_it_makes_for_one_purpose_is_of_no_use_for_another() {
        let (key, hash) = (TransferKey::new([7; 32]), HashText([1; 32]));
        let made = [key.wrapping(), key.check(HERE).0, key.seal(&hash).0, key.secrets(), key.incident(), *key.bytes()];
        assert!(made.iter().enumerate().all(|(nth, one)| !made[..nth].contains(one)));
        assert_ne!(key.check(HERE), key.check(WorkspaceId([2; 16])));
        assert_eq!(format!("{key:?}"), "TransferKey");
    }
}
