//! The sealed file's form: a line that names form and version, a nonce, the ciphertext with its tag.

use crate::contents::Contents;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ports::VaultError;
use std::path::Path;
use zeroize::Zeroizing;

/// The first line, which is authenticated along with the contents: a file cannot be passed off as another version's.
const HEADER: &[u8] = b"kernelos-vault 1\n";
/// What every version's first line begins with.
const HEADER_OF_ANY: &[u8] = b"kernelos-vault ";

/// The key that seals the file. Wiped from memory when dropped; deliberately without `Debug`.
pub struct RootKey(Zeroizing<[u8; 32]>);

impl RootKey {
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The whole file for `contents`, under a nonce of its own: 24 random bytes do not repeat in practice.
    pub fn seal(&self, contents: &Contents) -> Result<Vec<u8>, VaultError> {
        let broken = |why: &str| VaultError::Broken(why.to_owned());
        let plain = serde_json::to_vec(contents).map_err(|_| broken("its contents have no JSON form"))?;
        let plain = Zeroizing::new(plain);
        let nonce = random::<24>()?;
        let payload = Payload { msg: &plain, aad: HEADER };
        let sealed = self.cipher().encrypt(&XNonce::from(*nonce), payload);
        let sealed = sealed.map_err(|_| broken("its contents cannot be sealed"))?;
        Ok([HEADER, nonce.as_slice(), &sealed].concat())
    }

    /// The contents of `file`, read from `path`, which is only named in errors.
    pub fn unseal(&self, path: &Path, file: &[u8]) -> Result<Contents, VaultError> {
        let broken = |why: &str| VaultError::Broken(format!("{} {why}", path.display()));
        let Some(body) = file.strip_prefix(HEADER) else {
            let other = file.starts_with(HEADER_OF_ANY);
            return Err(broken(if other { "is of another version" } else { "was altered or cut short" }));
        };
        let (nonce, sealed) = body.split_first_chunk::<24>().ok_or_else(|| broken("was cut short"))?;
        let payload = Payload { msg: sealed, aad: HEADER };
        let plain = self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new);
        let plain = plain.map_err(|_| broken("was altered, cut short, or sealed under another root key"))?;
        // The reason is left out: it could repeat a part of what it stumbled over.
        serde_json::from_slice(&plain).map_err(|_| broken("holds contents of another version"))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

/// `N` random bytes from the operating system.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, VaultError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| VaultError::Broken(format!("the host gives no random bytes: {error}")))?;
    Ok(bytes)
}
