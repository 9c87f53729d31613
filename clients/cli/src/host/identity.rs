//! Who this host is: its device key, and the bearer token of its owner. Files of mode 0600, made at first start.

use super::HostError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use kernel::hash::HashText;
use kernel::id::DeviceId;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
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

/// Make the data directory if it is not there. Only its owner sees into a new one: what is in it is sealed or of mode
/// 0600, but even the names of workspaces are nobody else's business.
pub fn directory(data: &Path) -> Result<(), HostError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(|why| broken(data, &why))
}

/// 32 random bytes kept in a file that only its owner reads.
fn secret(path: &Path) -> Result<[u8; 32], HostError> {
    match OpenOptions::new().read(true).open(path) {
        Ok(file) => read(path, file),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => make(path),
        Err(why) => Err(broken(path, &why)),
    }
}

fn read(path: &Path, mut file: File) -> Result<[u8; 32], HostError> {
    private(path, &file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|why| broken(path, &why))?;
    bytes.try_into().map_err(|_| HostError::Broken(format!("{} is not 32 bytes long: it was altered", path.display())))
}

/// Written under another name first: a file by the right name is always whole.
fn make(path: &Path) -> Result<[u8; 32], HostError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|why| HostError::Broken(format!("no randomness: {why}")))?;
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(|why| broken(&draft, &why))?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(|why| broken(&draft, &why))?;
    fs::rename(&draft, path).map_err(|why| broken(path, &why))?;
    Ok(bytes)
}

#[cfg(unix)]
fn private(path: &Path, file: &File) -> Result<(), HostError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(|why| broken(path, &why))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(HostError::Broken(format!("{0} can be read by others; run: chmod 600 {0}", path.display())))
}

#[cfg(not(unix))]
fn private(_: &Path, _: &File) -> Result<(), HostError> {
    Ok(())
}

fn broken(path: &Path, why: &std::io::Error) -> HostError {
    HostError::Broken(format!("{}: {why}", path.display()))
}
