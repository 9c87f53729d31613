//! Files that survive a crash whole, and that nobody else may read.

use ports::VaultError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// `error` as the vault's, naming the file it is about.
pub fn broken(path: &Path, error: &std::io::Error) -> VaultError {
    VaultError::Broken(format!("{}: {error}", path.display()))
}

/// Make `dir` and what leads to it, each for this user only; one that exists is left as it is.
pub fn make_directory(dir: &Path) -> Result<(), VaultError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| broken(dir, &error))
}

/// Hold the lock file at `path` until the returned file is dropped; waits for whoever holds it now.
pub fn lock(path: &Path) -> Result<File, VaultError> {
    let file = private().create(true).truncate(false).open(path).map_err(|error| broken(path, &error))?;
    file.lock().map_err(|error| broken(path, &error))?;
    Ok(file)
}

/// Put `bytes` at `path`, so that after a crash either the old file or the new one is there, whole.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let draft = draft(path);
    write_new(&draft, bytes)?;
    rename(&draft, path)
}

/// Where the next version of `path` is written before it takes the place.
pub fn draft(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// Write `bytes` to a file that did not exist; a draft that a crash left behind is removed first.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let write = || -> std::io::Result<()> {
        remove_if_there(path)?;
        let mut file = private().create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| broken(path, &error))
}

/// Move `from` to `to` and see that the directory remembers it.
pub fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    std::fs::rename(from, to).and_then(|()| sync_directory(to)).map_err(|error| broken(to, &error))
}

/// The bytes of `path`, at most `limit` of them.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, VaultError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| broken(path, &error))?;
    file.take(limit).read_to_end(&mut bytes).map_err(|error| broken(path, &error))?;
    Ok(bytes)
}

/// Refuse `path` when anybody but its owner may read or write it.
#[cfg(unix)]
pub fn check_private(path: &Path) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| broken(path, &error))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        let why = format!("{path} is open to other users (mode {mode:04o}); run `chmod 600` on it and replace the key");
        return Err(VaultError::Broken(why));
    }
    Ok(())
}

/// Elsewhere the user's directory is private by inheritance, and there is no mode to look at.
#[cfg(not(unix))]
pub fn check_private(_path: &Path) -> Result<(), VaultError> {
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn sync_directory(of: &Path) -> std::io::Result<()> {
    of.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// Directories cannot be opened as files there, and renames are journalled.
#[cfg(not(unix))]
fn sync_directory(_of: &Path) -> std::io::Result<()> {
    Ok(())
}
