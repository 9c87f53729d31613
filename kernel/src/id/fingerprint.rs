//! Ids that are not made by commands: devices, workspaces, data keys, runtimes.

use super::text::{BYTES16_LEN, read_bytes16, read_number, write_bytes16, write_number};
use super::{BadId, serde_by_text};
use crate::hash::{Domain, hash};
use std::fmt;
use std::str::FromStr;

macro_rules! sixteen_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_bytes16(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_bytes16(f, &self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                read_bytes16(text).map(Self)
            }
        }
    };
}

sixteen_bytes! {
    /// A device: the fingerprint of the ed25519 public key it made at its first start.
    DeviceId
}
sixteen_bytes! {
    /// A workspace; made without asking anybody, from the device's public key and 16 random bytes.
    WorkspaceId
}
sixteen_bytes! {
    /// A data key; random, so that it says nothing of whose data it seals.
    KeyId
}

sixteen_bytes! {
    /// One start of a runtime's process; random. A lease names it, so that a restart is told from a slow runtime.
    BootId
}

/// Content that is kept apart because it is large: the hash of its ciphertext.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    fn halves(&self) -> ([u8; 16], [u8; 16]) {
        let half = |from: usize| std::array::from_fn(|i| self.0.get(from + i).copied().unwrap_or_default());
        (half(0), half(16))
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = self.halves();
        write_bytes16(f, &high)?;
        write_bytes16(f, &low)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (high, low) = text.split_at_checked(BYTES16_LEN).ok_or(BadId)?;
        let mut bytes = [0; 32];
        bytes.iter_mut().zip([read_bytes16(high)?, read_bytes16(low)?].concat()).for_each(|(to, from)| *to = from);
        Ok(Self(bytes))
    }
}

fn first16(parts: &[&[u8]]) -> [u8; 16] {
    let full = hash(Domain::Identity, parts);
    let mut out = [0; 16];
    out.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    out
}

impl DeviceId {
    /// The device that holds `public_key` (ed25519, 32 bytes).
    pub fn of(public_key: &[u8; 32]) -> Self {
        Self(first16(&[b"device", public_key]))
    }
}

impl WorkspaceId {
    /// A new workspace of the device with `public_key`; `random` must be fresh.
    pub fn new(public_key: &[u8; 32], random: &[u8; 16]) -> Self {
        Self(first16(&[b"workspace", public_key, random]))
    }
}

/// A runtime: a place on a device where effects are performed. It outlives its processes; each has its own boot id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuntimeId {
    /// The device it runs on.
    pub device: DeviceId,
    /// Which of the device's runtimes.
    pub slot: u16,
}

impl fmt::Display for RuntimeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.device)?;
        write_number(f, u64::from(self.slot))
    }
}

impl FromStr for RuntimeId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (device, slot) = text.split_once('.').ok_or(BadId)?;
        let slot = u16::try_from(read_number(slot)?).map_err(|_| BadId)?;
        Ok(Self { device: device.parse()?, slot })
    }
}

serde_by_text!(BlobId, DeviceId, WorkspaceId, KeyId, BootId, RuntimeId);
