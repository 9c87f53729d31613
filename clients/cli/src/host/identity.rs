//! Who this host is: its device key, and the bearer token of its owner. Files of mode 0600, made at first start.

use super::HostError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use kernel::hash::HashText;
use kernel::id::DeviceId;
use std::path::Path;

/// The device and its owner's token.
#[derive(Clone)]
pub struct Identity {
    /// The device's ed25519 public key.
    pub public_key: [u8; 32],
    /// The bearer token of the host's owner.
    pub token: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.device())
    }
}

impl Identity {
    /// Read the identity kept in `data`, or make one.
    pub fn open(data: &Path) -> Result<Self, HostError> {
        directory(data)?;
        let seed = secret(&data.join("device.key"))?;
        let token = URL_SAFE_NO_PAD.encode(secret(&data.join("token.key"))?);
        Ok(Self { public_key: SigningKey::from_bytes(&seed).verifying_key().to_bytes(), token })
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        DeviceId::of(&self.public_key)
    }

    /// The public key as commands carry it.
    pub fn public_key_text(&self) -> HashText {
        HashText(self.public_key)
    }
}

/// Make the data directory if it is not there. Only its owner sees into a new one.
pub fn directory(data: &Path) -> Result<(), HostError> {
    private_files::directory(data).map_err(HostError::Broken)
}

fn secret(path: &Path) -> Result<[u8; 32], HostError> {
    private_files::secret(path).map_err(HostError::Broken)
}
