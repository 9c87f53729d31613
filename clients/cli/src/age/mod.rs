//! Files of the `age` format, version 1, that hold one short secret: for people with a passphrase, or for recipients with a
//! key. Whoever has the `age` program can open them with it, and what it made can be opened here.
//!
//! Only what a wrapped key needs is here: X25519 and scrypt, and a payload of one chunk.

mod armor;
mod header;
mod keys;
mod scrypt;
#[cfg(test)]
mod tests;
mod x25519;

pub use keys::{Identity, Recipient};

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use header::{Header, Stanza};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of the key that stanzas wrap.
const FILE_KEY: usize = 16;
/// Bytes of the nonce before the payload.
const NONCE: usize = 16;
/// The nonce of the only chunk: the first, and the last.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

type FileKey = Zeroizing<[u8; FILE_KEY]>;

/// Whom a file is for.
#[derive(Debug, Clone)]
pub enum For {
    /// Whoever knows the passphrase.
    Passphrase(Zeroizing<String>),
    /// Each of these.
    Recipients(Vec<Recipient>),
}

/// What a file is opened with.
#[derive(Debug, Clone)]
pub enum With {
    /// A passphrase.
    Passphrase(Zeroizing<String>),
    /// Any of these.
    Identities(Vec<Identity>),
}

/// What a file has to be opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The passphrase.
    Passphrase,
    /// An identity of one of its recipients.
    Identity,
}

/// Why a file cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// It is not of this format, or was altered.
    Malformed,
    /// It is for somebody else: another passphrase, or other recipients.
    Foreign,
    /// It asks for more work than anybody should do for a file.
    TooMuchWork,
}

/// `secret` for `whom`, armored. `random` gives fresh random bytes; none when there are none to be had.
pub fn seal(secret: &[u8], whom: &For, random: &dyn Fn() -> Option<[u8; 32]>) -> Option<String> {
    let file_key: FileKey = Zeroizing::new(first(&random()?));
    let stanzas = match whom {
        For::Passphrase(passphrase) => vec![scrypt::wrap(&file_key, passphrase, first(&random()?))?],
        For::Recipients(recipients) => {
            let wrap = |recipient: &Recipient| x25519::wrap(&file_key, recipient, random()?);
            recipients.iter().map(wrap).collect::<Option<Vec<_>>>()?
        }
    };
    let mut file = Header { stanzas }.written(&file_key);
    let nonce: [u8; NONCE] = first(&random()?);
    file.extend_from_slice(&nonce);
    file.extend(payload(&file_key, &nonce).encrypt(&Nonce::from(ONLY_CHUNK), secret).ok()?);
    Some(armor::on(&file))
}

/// What the armored `file` has to be opened with.
pub fn needs(file: &str) -> Result<Needs, Unopened> {
    let bytes = armor::off(file).ok_or(Unopened::Malformed)?;
    let (header, _) = Header::read(&bytes).ok_or(Unopened::Malformed)?;
    match header.stanzas.iter().any(scrypt::is) {
        true => Ok(Needs::Passphrase),
        false => Ok(Needs::Identity),
    }
}

/// The secret in the armored `file`.
pub fn open(file: &str, with: &With) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let bytes = armor::off(file).ok_or(Unopened::Malformed)?;
    let (header, rest) = Header::read(&bytes).ok_or(Unopened::Malformed)?;
    // A passphrase stands alone: beside it, anybody who knows it could have added others.
    if header.stanzas.iter().any(scrypt::is) && header.stanzas.len() != 1 {
        return Err(Unopened::Malformed);
    }
    let file_key = unwrapped(&header.stanzas, with)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Unopened::Malformed)?;
    if !header.is_of(&file_key, &bytes) {
        return Err(Unopened::Malformed);
    }
    let secret = payload(&file_key, nonce).decrypt(&Nonce::from(ONLY_CHUNK), sealed);
    secret.map(Zeroizing::new).map_err(|_| Unopened::Malformed)
}

fn unwrapped(stanzas: &[Stanza], with: &With) -> Result<FileKey, Unopened> {
    for stanza in stanzas {
        let found = match with {
            With::Passphrase(passphrase) if scrypt::is(stanza) => scrypt::unwrap(stanza, passphrase)?,
            With::Identities(identities) => identities.iter().find_map(|identity| x25519::unwrap(stanza, identity)),
            With::Passphrase(_) => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(Unopened::Foreign)
}

fn payload(file_key: &FileKey, nonce: &[u8; NONCE]) -> ChaCha20Poly1305 {
    cipher(&derived(&file_key[..], nonce, b"payload"))
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*key))
}

/// A key for one purpose.
fn derived(from: &[u8], salt: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // HKDF gives up to 255 times 32 bytes, so 32 are never too many.
    let _ = Hkdf::<Sha256>::new(Some(salt), from).expand(purpose, &mut key[..]);
    key
}

/// The file key under a key that only those it is for can derive.
fn wrapped(file_key: &FileKey, under: &[u8; 32]) -> Option<Vec<u8>> {
    cipher(under).encrypt(&Nonce::from([0; 12]), &file_key[..]).ok()
}

fn found(body: &[u8], under: &[u8; 32]) -> Option<FileKey> {
    let opened = Zeroizing::new(cipher(under).decrypt(&Nonce::from([0; 12]), body).ok()?);
    <[u8; FILE_KEY]>::try_from(opened.as_slice()).ok().map(Zeroizing::new)
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    std::array::from_fn(|nth| bytes.get(nth).copied().unwrap_or_default())
}
