//! The directory of a backup: how its files are called, and how they come to stand in it.

use super::damaged;
use super::pack::{is_packed, unpack};
use crate::outcome::Problem;
use kernel::id::WorkspaceId;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What is held while somebody writes here.
pub const LOCK: &str = "kernelos-backup.lock";
/// What the name of a file ends with that is not whole yet.
const DRAFT: &str = "part";

/// The directory of a backup, locked against others who write in it.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: Option<File>,
    /// Where a backup in one file was unpacked; it is removed in the end.
    _unpacked: Option<TempDir>,
}

/// A file that is not there under its name before it is whole and on the disk.
#[derive(Debug)]
pub struct Draft {
    file: io::BufWriter<File>,
    draft: PathBuf,
    path: PathBuf,
}

impl Directory {
    /// The backup at `path`, to be written to; made when there is none. Nobody else sees into a new one.
    pub fn to_write(path: &Path) -> Result<Self, Problem> {
        make(path)?;
        let lock = path.join(LOCK);
        if !lock.exists() && fs::read_dir(path).map_err(|why| failed(path, &why))?.next().is_some() {
            let what = format!("{} holds something else than a backup", path.display());
            return Err(Problem::failed("backup_foreign", what, "Name a directory of a backup, or a new one."));
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        let held = private(&mut options).open(&lock).map_err(|why| failed(&lock, &why))?;
        match held.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Some(held), _unpacked: None }),
            Err(TryLockError::WouldBlock) => Err(busy(path)),
            Err(TryLockError::Error(why)) => Err(failed(&lock, &why)),
        }
    }

    /// The backup at `path`, to be read. A copy of one may be read where nobody can write.
    pub fn to_read(path: &Path) -> Result<Self, Problem> {
        if is_packed(path) {
            let folder = tempfile::tempdir().map_err(|why| failed(path, &why))?;
            unpack(path, folder.path())?;
            return Ok(Self { path: folder.path().to_owned(), _lock: None, _unpacked: Some(folder) });
        }
        if !path.is_dir() {
            let what = format!("{} is neither a directory nor a file with a backup", path.display());
            return Err(Problem::failed("backup_foreign", what, "Name the directory or the file of a backup."));
        }
        let lock = File::open(path.join(LOCK)).ok();
        if let Some(Err(TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock_shared) {
            return Err(busy(path));
        }
        Ok(Self { path: path.to_owned(), _lock: lock, _unpacked: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The manifest of a point.
    pub fn manifest(&self, point: u32) -> PathBuf {
        self.path.join(format!("{point:06}.json"))
    }

    /// The secrets of a point.
    pub fn secrets(&self, point: u32) -> PathBuf {
        self.path.join(format!("{point:06}.secrets"))
    }

    /// What happened in a workspace up to a point.
    pub fn log(&self, workspace: WorkspaceId, point: u32) -> PathBuf {
        self.path.join(workspace.to_string()).join(format!("{point:06}.log"))
    }

    /// The data keys of a workspace at a point.
    pub fn keys(&self, workspace: WorkspaceId, point: u32) -> PathBuf {
        self.path.join(workspace.to_string()).join(format!("{point:06}.keys"))
    }

    /// The points there are, in order.
    pub fn points(&self) -> Result<Vec<u32>, Problem> {
        let mut points = Vec::new();
        for path in listed(&self.path)? {
            let is_manifest = path.extension().is_some_and(|ending| ending == "json");
            let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_manifest);
            points.extend(stem.and_then(|stem| stem.parse::<u32>().ok()));
        }
        points.sort_unstable();
        Ok(points)
    }

    /// Begin a file.
    pub fn draft(&self, path: &Path) -> Result<Draft, Problem> {
        if let Some(parent) = path.parent() {
            make(parent)?;
        }
        let draft = path.with_added_extension(DRAFT);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        let file = private(&mut options).open(&draft).map_err(|why| failed(&draft, &why))?;
        Ok(Draft { file: io::BufWriter::new(file), draft, path: path.to_owned() })
    }

    /// Put `bytes` at `path`.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), Problem> {
        let mut draft = self.draft(path)?;
        draft.write(bytes)?;
        draft.keep()
    }

    /// Remove what `is_needed` does not name, of what backups leave here: files that were not ended, or that no newest
    /// point refers to.
    pub fn clear(&self, is_needed: &dyn Fn(&Path) -> bool) -> Result<(), Problem> {
        let mut folders = vec![self.path.clone()];
        folders.extend(listed(&self.path)?.into_iter().filter(|path| path.is_dir()));
        for path in folders.iter().map(|folder| listed(folder)).collect::<Result<Vec<_>, _>>()?.concat() {
            if is_ours(&path) && !is_needed(&path) {
                fs::remove_file(&path).map_err(|why| failed(&path, &why))?;
            }
        }
        folders.iter().try_for_each(|folder| sync(folder))
    }
}

impl Draft {
    /// Go on with `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.file.write_all(bytes).map_err(|why| failed(&self.draft, &why))
    }

    /// It is whole.
    pub fn keep(self) -> Result<(), Problem> {
        let Self { mut file, draft, path } = self;
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(|why| failed(&draft, &why))?;
        fs::rename(&draft, &path).map_err(|why| failed(&path, &why))?;
        path.parent().map_or(Ok(()), sync)
    }

    /// It is not needed.
    pub fn forget(self) {
        let _ = fs::remove_file(self.draft);
    }
}

/// Whether a file is called like one that backups write and may remove again: a point, and one of these endings.
fn is_ours(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let point = name.split('.').next().unwrap_or_default();
    let is_point = point.len() >= 6 && point.bytes().all(|digit| digit.is_ascii_digit());
    is_point && [DRAFT, "log", "keys", "secrets"].contains(&ending)
}

/// All of a file of the backup.
pub fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|why| damaged(path, format!("it is missing or cannot be read: {why}")))
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = fs::read_dir(folder).map_err(|why| failed(folder, &why))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|why| failed(folder, &why))).collect()
}

fn make(folder: &Path) -> Result<(), Problem> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|why| failed(folder, &why))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Make the names in a directory durable, where the system can.
fn sync(folder: &Path) -> Result<(), Problem> {
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|why| failed(folder, &why))?;
    }
    Ok(())
}

fn busy(path: &Path) -> Problem {
    let what = format!("somebody else is at work in {}", path.display());
    Problem::failed("backup_busy", what, "Wait until the other backup or restore has ended.")
}

fn failed(path: &Path, why: &io::Error) -> Problem {
    let hint = "The last whole point of the backup stands; back up again when this is mended.";
    Problem::failed("file", format!("{}: {why}", path.display()), hint)
}
