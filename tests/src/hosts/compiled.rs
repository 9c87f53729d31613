//! Compiled components, from one host to the next of this test program: each story has a directory of its own, and would
//! compile them again. A host believes of it what has its sum.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files by their place in the directory; none as long as no host has started.
static KEPT: Mutex<BTreeMap<PathBuf, Vec<u8>>> = Mutex::new(BTreeMap::new());

/// Keep what the host at `folder` compiled, if nothing is kept yet.
pub(super) fn keep(folder: &Path) -> io::Result<()> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.is_empty() {
        *kept = files(folder)?;
    }
    Ok(())
}

/// Lay what is kept into `folder`, unless a host was there before.
pub(super) fn lay(folder: &Path) -> io::Result<()> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if folder.exists() {
        return Ok(());
    }
    for (name, bytes) in &*kept {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![PathBuf::new()]);
    while let Some(below) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if name.extension().is_none_or(|end| end == "json") {
                files.insert(name, std::fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}
