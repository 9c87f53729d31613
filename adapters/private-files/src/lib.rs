//! Secrets that a host makes for itself, in files that only its owner reads.
//!
//! Errors are sentences that name the file and, where there is something to do, say what.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Make a directory if it is not there. Only its owner sees into a new one: what is in it is sealed or of mode 0600, but even
/// the names of workspaces are nobody else's business.
pub fn directory(path: &Path) -> Result<(), String> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|why| broken(path, &why))
}

/// The 32 random bytes kept in a file of mode 0600, which is made if it is not there.
pub fn secret(path: &Path) -> Result<[u8; 32], String> {
    match OpenOptions::new().read(true).open(path) {
        Ok(file) => read(path, file),
        Err(why) if why.kind() == io::ErrorKind::NotFound => make(path),
        Err(why) => Err(broken(path, &why)),
    }
}

fn read(path: &Path, mut file: File) -> Result<[u8; 32], String> {
    private(path, &file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|why| broken(path, &why))?;
    bytes.try_into().map_err(|_| format!("{} is not 32 bytes long: it was altered", path.display()))
}

/// Written under another name first: a file by the right name is always whole.
fn make(path: &Path) -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|why| format!("no randomness: {why}"))?;
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
fn private(path: &Path, file: &File) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(|why| broken(path, &why))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("{0} can be read by others; run: chmod 600 {0}", path.display()))
}

#[cfg(not(unix))]
fn private(_: &Path, _: &File) -> Result<(), String> {
    Ok(())
}

fn broken(path: &Path, why: &io::Error) -> String {
    format!("{}: {why}", path.display())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("new");
        directory(&place).unwrap();
        let path = place.join("token.key");
        let made = secret(&path).unwrap();
        assert_eq!((secret(&path).unwrap(), made == [0; 32]), (made, false));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(&path)), (0o700, 0o600));
    }

    #[test]
    fn a_secret_that_others_read_or_that_was_altered_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token.key");
        secret(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(secret(&path).unwrap_err().ends_with(&format!("run: chmod 600 {}", path.display())));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, b"short").unwrap();
        assert!(secret(&path).unwrap_err().contains("it was altered"));
    }
}
