//! Secrets of a vault in a backup.

use super::directory::{Directory, read};
use super::{Manifest, Written, damaged};
use crate::outcome::Problem;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use kernel::hash::{Domain, HashText, hash};
use kernel::seal::TransferKey;
use ports::Secret;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

/// How the file begins; the cipher covers it, too.
const MAGIC: &[u8] = b"kernelos-secrets 1\n";

/// Write `secrets` as those of `point`, and read them back. The key is used for this one message, so its nonce is nothing.
pub fn keep(
    directory: &Directory,
    point: u32,
    secrets: &BTreeMap<String, Secret>,
    key: &TransferKey,
) -> Result<Written, Problem> {
    let plain: BTreeMap<&str, &str> = secrets.iter().map(|(name, secret)| (name.as_str(), secret.reveal())).collect();
    let failed = |why: String| Problem::failed("protocol", why, "");
    let plain = Zeroizing::new(serde_json::to_vec(&plain).map_err(|why| failed(why.to_string()))?);
    let sealed = cipher(key).encrypt(&Nonce::from([0; 12]), Payload { msg: &plain, aad: MAGIC });
    let sealed = sealed.map_err(|_| failed("the secrets cannot be sealed".to_owned()))?;
    let (path, bytes) = (directory.secrets(point), [MAGIC, &sealed].concat());
    directory.put(&path, &bytes)?;
    let written = Written { bytes: bytes.len() as u64, hash: over(&bytes) };
    is_as_written(&path, &written)?;
    Ok(written)
}

/// The secrets of a point; none when it has none.
pub fn give_back(
    directory: &Directory,
    manifest: &Manifest,
    key: &TransferKey,
) -> Result<Option<BTreeMap<String, Secret>>, Problem> {
    let Some(written) = &manifest.secrets else { return Ok(None) };
    let path = directory.secrets(manifest.point);
    let bytes = is_as_written(&path, written)?;
    let sealed = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged(&path, "it does not begin like secrets"))?;
    let opened = cipher(key).decrypt(&Nonce::from([0; 12]), Payload { msg: sealed, aad: MAGIC });
    let opened = Zeroizing::new(opened.map_err(|_| damaged(&path, "its key does not open it"))?);
    let found: BTreeMap<String, String> =
        serde_json::from_slice(&opened).map_err(|_| damaged(&path, "it does not hold secrets"))?;
    Ok(Some(found.into_iter().map(|(name, secret)| (name, Secret::new(secret))).collect()))
}

/// The file at `path`, if it is the one that was written.
pub fn is_as_written(path: &Path, written: &Written) -> Result<Vec<u8>, Problem> {
    let bytes = read(path)?;
    if bytes.len() as u64 == written.bytes && over(&bytes) == written.hash {
        return Ok(bytes);
    }
    Err(damaged(path, "it is not as it was written"))
}

fn over(bytes: &[u8]) -> HashText {
    HashText(hash(Domain::Export, &[b"secrets\0", bytes]))
}

fn cipher(key: &TransferKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*Zeroizing::new(key.secrets())))
}
