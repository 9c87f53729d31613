//! Data keys: made from entropy that came with the command, kept wrapped under the workspace's key.

use super::OpenError;
use crate::hash::HashText;
use crate::id::{KeyId, WorkspaceId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// HMAC-SHA256 over `parts`, with a label in front so that one key serves several purposes without overlap.
pub(super) fn hmac(key: &[u8; 32], label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a key shorter than its block with zeros.
    let block: [u8; 64] = std::array::from_fn(|i| key.get(i).copied().unwrap_or_default());
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into());
    mac.update(label);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// A data key with its subkeys. Zeroed when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey {
    #[zeroize(skip)]
    id: KeyId,
    secret: [u8; 32],
    pub(super) sealing: [u8; 32],
    pub(super) nonces: [u8; 32],
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

impl DataKey {
    pub(super) fn from_secret(id: KeyId, secret: [u8; 32]) -> Self {
        let sealing = hmac(&secret, b"kernelos/1/seal\0", &[]);
        let nonces = hmac(&secret, b"kernelos/1/nonce\0", &[]);
        Self { id, secret, sealing, nonces }
    }

    /// A new key for `subject` out of a command's fresh entropy. Different subjects get independent keys.
    pub fn fresh(entropy: &[u8; 32], subject: &str) -> Self {
        let mut id = [0; 16];
        id.iter_mut()
            .zip(hmac(entropy, b"kernelos/1/key id\0", &[subject.as_bytes()]))
            .for_each(|(to, from)| *to = from);
        Self::from_secret(KeyId(id), hmac(entropy, b"kernelos/1/data key\0", &[subject.as_bytes()]))
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Commitment to the key, kept in the log: no other key passes for it (the cipher itself is not key-committing).
    pub fn check(&self) -> HashText {
        HashText(hmac(&self.secret, b"kernelos/1/check\0", &[&self.id.0]))
    }

    /// What stands for `parts` where they must be found but must not be readable.
    pub fn tag(&self, parts: &[&str]) -> KeyId {
        let mut framed = Vec::new();
        for part in parts {
            framed.extend_from_slice(&(part.len() as u64).to_le_bytes());
            framed.extend_from_slice(part.as_bytes());
        }
        let full = hmac(&self.secret, b"kernelos/1/tag\0", &[&framed]);
        KeyId(std::array::from_fn(|i| full.get(i).copied().unwrap_or_default()))
    }

    /// The key wrapped under the workspace's key: 24 bytes of nonce, then the ciphertext.
    pub fn wrapped(&self, workspace: WorkspaceId, workspace_key: &[u8; 32]) -> Option<Vec<u8>> {
        let aad = wrap_aad(workspace, self.id);
        let full = hmac(&self.secret, b"kernelos/1/wrap nonce\0", &[&aad]);
        let nonce: [u8; 24] = std::array::from_fn(|i| full.get(i).copied().unwrap_or_default());
        let sealed = XChaCha20Poly1305::new(workspace_key.into())
            .encrypt(&XNonce::from(nonce), Payload { msg: &self.secret, aad: &aad })
            .ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Unwrap what [`DataKey::wrapped`] gave, and hold it against the log's commitment.
    pub fn unwrap(
        id: KeyId,
        wrapped: &[u8],
        workspace: WorkspaceId,
        workspace_key: &[u8; 32],
        check: &HashText,
    ) -> Result<Self, OpenError> {
        let key = Self::from_secret(id, Self::secret(id, wrapped, workspace, workspace_key)?);
        if key.check() == *check { Ok(key) } else { Err(OpenError::WrongKey) }
    }

    /// What was wrapped.
    pub(super) fn secret(
        id: KeyId,
        wrapped: &[u8],
        workspace: WorkspaceId,
        workspace_key: &[u8; 32],
    ) -> Result<[u8; 32], OpenError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<24>().ok_or(OpenError::Malformed)?;
        let secret = XChaCha20Poly1305::new(workspace_key.into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &wrap_aad(workspace, id) })
            .map_err(|_| OpenError::WrongKey)?;
        secret.try_into().map_err(|_| OpenError::Malformed)
    }
}

fn wrap_aad(workspace: WorkspaceId, key: KeyId) -> Vec<u8> {
    [b"kernelos/1/wrap\0".as_slice(), &workspace.0, &key.0].concat()
}
