//! Sealing and opening one unit, and the framing of an event's units.

use super::key::hmac;
use super::{DataKey, OpenError};
use crate::hash::{Domain, HashText, hash};
use crate::id::{CommandId, WorkspaceId};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

/// From this many bytes on, plaintext is compressed before it is sealed.
const COMPRESS_FROM: usize = 256;

/// The largest plaintext a unit may claim to hold; guards against a unit that inflates without end.
const PLAINTEXT_MAX: usize = 16 << 20;

const FLAG_COMPRESSED: u8 = 1;

/// What a unit is bound to beside its key: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The command that brought the content.
    pub command: CommandId,
    /// Type and version of the event that carries it.
    pub schema: (&'a str, u16),
    /// The field it fills.
    pub role: &'a str,
    /// Which of that field.
    pub k: u16,
}

impl Bound<'_> {
    fn aad(&self, key: &DataKey, flags: u8) -> Vec<u8> {
        let (name, version) = self.schema;
        let mut aad = Vec::with_capacity(112);
        aad.push(flags);
        aad.extend_from_slice(&self.workspace.0);
        aad.extend_from_slice(&key.id().0);
        aad.extend_from_slice(&self.command.device.0);
        aad.extend_from_slice(&self.command.incarnation.to_le_bytes());
        aad.extend_from_slice(&self.command.counter.to_le_bytes());
        aad.extend_from_slice(&self.k.to_le_bytes());
        aad.extend_from_slice(&version.to_le_bytes());
        aad.extend_from_slice(self.role.as_bytes());
        aad.push(0);
        aad.extend_from_slice(name.as_bytes());
        // The nonce is made of this and the plaintext behind it, so it has to say where it ends.
        aad.push(0);
        aad
    }

    /// Seal `plaintext`. The unit is flags (1 byte) ‖ nonce (24) ‖ ciphertext with tag; the hash commits to all of it.
    pub fn seal(&self, key: &DataKey, plaintext: &str) -> Option<(Vec<u8>, HashText)> {
        let compressed = (plaintext.len() >= COMPRESS_FROM)
            .then(|| lz4_flex::compress_prepend_size(plaintext.as_bytes()))
            .filter(|short| short.len() < plaintext.len());
        let flags = if compressed.is_some() { FLAG_COMPRESSED } else { 0 };
        let aad = self.aad(key, flags);
        let msg = compressed.as_deref().unwrap_or(plaintext.as_bytes());
        // Over the bytes that are encrypted, so that another build of the compressor cannot repeat a nonce for them.
        let full = hmac(&key.nonces, &aad, &[msg]);
        let nonce: [u8; 24] = std::array::from_fn(|i| full.get(i).copied().unwrap_or_default());
        let sealed = XChaCha20Poly1305::new((&key.sealing).into())
            .encrypt(&XNonce::from(nonce), Payload { msg, aad: &aad })
            .ok()?;
        let unit = [&[flags][..], &nonce, &sealed].concat();
        let commitment = commitment(&unit);
        Some((unit, commitment))
    }

    /// Open a unit that `expected` commits to.
    pub fn open(&self, key: &DataKey, unit: &[u8], expected: &HashText) -> Result<String, OpenError> {
        if commitment(unit) != *expected {
            return Err(OpenError::Altered);
        }
        let (flags, rest) = unit.split_first().ok_or(OpenError::Malformed)?;
        let (nonce, sealed) = rest.split_first_chunk::<24>().ok_or(OpenError::Malformed)?;
        let aad = self.aad(key, *flags);
        let opened = XChaCha20Poly1305::new((&key.sealing).into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| OpenError::WrongKey)?;
        let plain = if flags & FLAG_COMPRESSED == 0 { opened } else { inflate(&opened)? };
        String::from_utf8(plain).map_err(|_| OpenError::Malformed)
    }
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (size, block) = lz4_flex::block::uncompressed_size(bytes).map_err(|_| OpenError::Malformed)?;
    if size > PLAINTEXT_MAX {
        return Err(OpenError::Malformed);
    }
    lz4_flex::decompress(block, size).map_err(|_| OpenError::Malformed)
}

/// The commitment to a unit's bytes.
pub fn commitment(unit: &[u8]) -> HashText {
    HashText(hash(Domain::Unit, &[unit]))
}

/// Units one after the other, each led by its length (4 bytes, little-endian).
pub fn frame(units: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(units.iter().map(|unit| unit.len() + 4).sum());
    for unit in units {
        out.extend_from_slice(&(unit.len() as u32).to_le_bytes());
        out.extend_from_slice(unit);
    }
    out
}

/// The units in `frame`, or nothing when it is not one.
pub fn unframe(mut frame: &[u8]) -> Option<Vec<&[u8]>> {
    let mut units = Vec::new();
    while !frame.is_empty() {
        let (length, rest) = frame.split_first_chunk::<4>()?;
        let (unit, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        units.push(unit);
        frame = rest;
    }
    Some(units)
}
