//! The data directory: one process at a time, and which workspaces are in it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ports::StoreError;

use crate::files::{Files, companions};

/// How often, and how far apart, a lock that is held is asked for again: a process that is just ending still has it, and
/// so has a child of this process between its birth and the start of its program.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// A data directory that is locked for this process for as long as the value lives.
pub(crate) struct DataDir {
    path: PathBuf,
    births: Mutex<()>,
    _lock: File,
}

impl DataDir {
    /// Make `dir` if it is not there, and lock it. Two processes on one log would each trust a head the other moves.
    pub(crate) fn lock(dir: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(|error| unavailable(dir, &error))?;
        let path = dir.canonicalize().map_err(|error| unavailable(dir, &error))?;
        let lock = File::options().create(true).append(true).open(path.join("lock"));
        let lock = lock.map_err(|error| unavailable(&path, &error))?;
        match patiently(&lock) {
            Ok(()) => Ok(Self { path, births: Mutex::new(()), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
                "another process uses the data directory {0} (it holds the lock on {0}/lock); stop it first",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(unavailable(&path, &error)),
        }
    }

    /// The files of `id`, whether or not they are there. What is no workspace id names no workspace.
    pub(crate) fn files(&self, id: &str) -> Result<Files, StoreError> {
        Files::of(&self.path, id).ok_or(StoreError::NoWorkspace)
    }

    /// Hold back other threads of this process while a workspace is created or deleted.
    pub(crate) fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.births.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ids of the workspaces here, ordered.
    pub(crate) fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| unavailable(&self.path, &error))? {
            let name = entry.map_err(|error| unavailable(&self.path, &error))?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".db"));
            ids.extend(id.filter(|id| Files::of(&self.path, id).is_some()).map(str::to_owned));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Remove every file of a workspace. The anchor goes first: an anchor without a file always means a lost file.
    pub(crate) fn remove(&self, files: &Files) -> Result<(), StoreError> {
        let there = files.database.exists() || files.anchor.exists();
        let [log, index] = companions(&files.database);
        for path in [&files.anchor, &files.database, &log, &index] {
            remove_file(path)?;
        }
        self.sync()?;
        if there { Ok(()) } else { Err(StoreError::NoWorkspace) }
    }

    /// Make the names in the directory durable, where the system can.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        if cfg!(unix) {
            let synced = File::open(&self.path).and_then(|dir| dir.sync_all());
            synced.map_err(|error| unavailable(&self.path, &error))?;
        }
        Ok(())
    }
}

/// Lock the file, and wait a moment for whoever is about to let it go.
fn patiently(lock: &File) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_TRIES),
            settled => return settled,
        }
    }
    lock.try_lock()
}

/// Remove `path`; fine if it is not there.
pub(crate) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unavailable(path, &error)),
        _ => Ok(()),
    }
}

/// The answer when the operating system refuses.
pub(crate) fn unavailable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}
