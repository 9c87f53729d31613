//! A copy of a data directory, made while nothing is at work in it. It is a data directory itself.

use crate::host::HostError;
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Where copies are.
const COPIES: &str = "backups";
/// Bytes that are compared at once.
const PIECE: usize = 1 << 20;
/// What is nothing to keep: what says which process runs, locks, and files that did not become whole.
const PASSED_OVER: [&str; 5] = [COPIES, "host.json", "lock", "vault.lock", "format.new"];

/// Copy `data` to a place below it, before an upgrade to `version`; where that is.
pub fn beside(data: &Path, version: u32) -> Result<String, HostError> {
    let copies = data.join(COPIES);
    let name = (1..).map(|nth| match nth {
        1 => format!("before-{version}"),
        nth => format!("before-{version}.{nth}"),
    });
    let Some(name) = name.into_iter().find(|name| !copies.join(name).exists()) else {
        return Err(HostError::Broken(format!("{} is full of copies", copies.display())));
    };
    let draft = copies.join(format!("{name}.part"));
    let made = remove(&draft).and_then(|()| whole(data, &draft)).and_then(|()| {
        fs::rename(&draft, copies.join(&name))?;
        sync(&copies)
    });
    made.map_err(|why| {
        let what = format!("{} could not be copied before its upgrade: {why}", data.display());
        HostError::Broken(format!("{what}; nothing was changed, and it can be used by the program that it was used by"))
    })?;
    Ok(format!("{COPIES}/{name}"))
}

/// Copy a folder with all that is in it, and compare what was written with what was read.
fn whole(from: &Path, to: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if name.to_str().is_some_and(|name| PASSED_OVER.contains(&name) || name.ends_with("-shm")) {
            continue;
        }
        if kind.is_dir() {
            whole(&entry.path(), &to.join(&name))?;
        } else if kind.is_file() {
            file(&entry.path(), &to.join(&name))?;
        }
    }
    sync(to)
}

fn file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    if sum(from)? == sum(to)? {
        return Ok(());
    }
    Err(io::Error::other(format!("{} reads back as something else than {}", to.display(), from.display())))
}

fn sum(path: &Path) -> io::Result<Vec<u8>> {
    let (mut sum, mut file, mut piece) = (Sha256::new(), File::open(path)?, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(sum.finalize().to_vec());
        }
        sum.update(piece.get(..read).unwrap_or_default());
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

/// Make the names in a directory durable, where the system can.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Put `bytes` at `path` by one rename.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let draft: PathBuf = path.with_added_extension("new");
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        path.parent().map_or(Ok(()), sync)
    };
    written().map_err(|why| unusable(path, &why))
}

/// A file of the directory cannot be used.
pub fn unusable(path: &Path, why: &io::Error) -> HostError {
    HostError::Broken(format!("{}: {why}", path.display()))
}
