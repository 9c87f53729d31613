//! Secrets of a host that keeps them itself: files of mode 0600, made at first start.

use crate::HostError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
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
    private_files::directory(data).map_err(HostError::Broken)?;
    let path = data.join("lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let lock = lock.map_err(|why| HostError::Broken(format!("{}: {why}", path.display())))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_) => Err(HostError::Broken(format!("{} is in use by another process", data.display()))),
    }
}

fn secret(path: &Path) -> Result<[u8; 32], HostError> {
    private_files::secret(path).map_err(HostError::Broken)
}
