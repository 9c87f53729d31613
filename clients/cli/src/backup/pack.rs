//! A backup of one point as one file: the files of its directory one after the other, each with a hash.
//!
//! ```text
//!   file  = "kernelos-backup\n" ‖ entry … ‖ 0 (2)
//!   entry = length of the name (2) ‖ name ‖ length (8) ‖ bytes ‖ H(export, "entry\0" ‖ all before it of the entry)
//! ```

use super::damaged;
use super::directory::{Directory, LOCK};
use crate::outcome::Problem;
use kernel::hash::{Domain, Hashing};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Component, Path, PathBuf};

/// How every file begins.
const MAGIC: &[u8] = b"kernelos-backup\n";
/// Bytes that are copied at once.
const PIECE: usize = 1 << 20;
const TAG: &[u8] = b"entry\0";

/// Write what is in `directory` to the file at `path`, which is not there under its name before it is whole.
pub fn pack(directory: &Directory, path: &Path) -> Result<(), Problem> {
    let draft = path.with_added_extension("part");
    let written = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut to = options.open(&draft)?;
        to.write_all(MAGIC)?;
        for name in names(directory.path())? {
            entry(&directory.path().join(&name), &name, &mut to)?;
        }
        to.write_all(&[0; 2])?;
        to.sync_all()?;
        fs::rename(&draft, path)
    };
    written().map_err(|why| Problem::failed("file", format!("{}: {why}", path.display()), "Nothing was left behind."))
}

fn entry(from: &Path, name: &str, to: &mut File) -> io::Result<()> {
    let (mut from, mut hashing) = (File::open(from)?, Hashing::begin(Domain::Export));
    hashing.update(TAG);
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
    let head = [&length, name.as_bytes(), &from.metadata()?.len().to_le_bytes()].concat();
    hashing.update(&head);
    to.write_all(&head)?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece)?;
        let bytes = piece.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return to.write_all(&hashing.end());
        }
        hashing.update(bytes);
        to.write_all(bytes)?;
    }
}

/// The names of the files in `folder` but the lock, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(folder.join(&within))? {
            let entry = entry?;
            let path = within.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if let Some(name) = path.to_str().filter(|name| *name != LOCK) {
                names.push(name.to_owned());
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether the file at `path` begins like a backup.
pub fn is_packed(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == MAGIC
}

/// Put what is in the file at `path` into `folder`. What is wrong is named with the name and the place in the file.
pub fn unpack(path: &Path, folder: &Path) -> Result<(), Problem> {
    let file = File::open(path).map_err(|why| damaged(path, why))?;
    let mut from = Counted { from: BufReader::new(file), at: 0 };
    let cut = |at: u64| damaged(path, format!("it is cut or altered at or behind byte {at}"));
    let mut magic = [0; MAGIC.len()];
    from.fill(&mut magic).map_err(|_| cut(0))?;
    loop {
        let at = from.at;
        let mut length = [0; 2];
        from.fill(&mut length).map_err(|_| cut(at))?;
        if length == [0; 2] {
            break;
        }
        let mut name = vec![0; usize::from(u16::from_le_bytes(length))];
        from.fill(&mut name).map_err(|_| cut(at))?;
        let Some(name) = String::from_utf8(name).ok().filter(|name| stays_within(name)) else { return Err(cut(at)) };
        if !one(&mut from, &name, folder).map_err(|_| cut(at))? {
            return Err(damaged(path, format!("{name} in it, at byte {at}, is not as it was written")));
        }
    }
    let at = from.at;
    match from.from.read(&mut [0]) {
        Ok(0) => Ok(()),
        _ => Err(damaged(path, format!("there is something behind its end, at byte {at}"))),
    }
}

/// Copy one entry behind its name; whether it is as it was written.
fn one(from: &mut Counted, name: &str, folder: &Path) -> io::Result<bool> {
    let mut hashing = Hashing::begin(Domain::Export);
    let mut length = [0; 8];
    from.fill(&mut length)?;
    hashing.update(TAG);
    let named = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
    hashing.update(&[&named, name.as_bytes(), &length].concat());
    let to = folder.join(name);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let (mut to, mut left, mut piece) = (File::create(to)?, u64::from_le_bytes(length), vec![0; PIECE]);
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let bytes = piece.get_mut(..most).unwrap_or_default();
        from.fill(bytes)?;
        hashing.update(bytes);
        to.write_all(bytes)?;
        left -= most as u64;
    }
    let mut said = [0; 32];
    from.fill(&mut said)?;
    Ok(hashing.end() == said)
}

/// Whether a name is one below the folder it is put into.
fn stays_within(name: &str) -> bool {
    !name.is_empty() && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// A file that is read from its beginning.
struct Counted {
    from: BufReader<File>,
    at: u64,
}

impl Counted {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.from.read_exact(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}
