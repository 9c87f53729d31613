//! Secrets of a host that keeps them itself: files of mode 0600, made at first start.

use crate::HostError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

/// The variable with the key of which all others follow.
const MASTER_KEY: &str = "kernelos_master_key";
/// The variable with the bearer token of the owner.
pub const TOKEN: &str = "kernelos_token";

/// Give the variables that are not set from outside the secrets that are kept in `data`.
pub fn fill(data: &Path, values: &mut BTreeMap<String, String>) -> Result<(), HostError> {
    if !values.contains_key(MASTER_KEY) {
        values.insert(MASTER_KEY.to_owned(), STANDARD.encode(secret(&data.join("master.key"))?));
    }
    if !values.contains_key(TOKEN) {
        values.insert(TOKEN.to_owned(), URL_SAFE_NO_PAD.encode(secret(&data.join("token.key"))?));
    }
    Ok(())
}

/// The directory, made if it is not there, and held by this process alone until the file is dropped.
pub fn hold(data: &Path) -> Result<File, HostError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(|why| broken(data, &why))?;
    let path = data.join("lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let lock = lock.map_err(|why| broken(&path, &why))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_) => Err(HostError::Broken(format!("{} is in use by another process", data.display()))),
    }
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
