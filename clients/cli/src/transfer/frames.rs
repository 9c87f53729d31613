//! A file of frames, read one frame at a time.

use super::{Scan, Scanned};
use crate::outcome::Problem;
use kernel::hash::HashText;
use ports::transfer::{self, About, FRAME_BYTES_MAX, Frame};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const READ_BYTES: u64 = 1 << 20;

/// A file that is read frame by frame; each is compared with the hash over all before it.
#[derive(Debug)]
pub struct Frames {
    path: PathBuf,
    file: File,
    scan: Scan,
}

impl Frames {
    /// Open the file at `path`. Nothing is read yet.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path).map_err(|why| unread(path, &why))?;
        Ok(Self { path: path.to_owned(), file, scan: Scan::default() })
    }

    /// The next frame behind the first; none when the file has no more whole ones.
    pub fn frame(&mut self) -> Result<Option<Frame>, Problem> {
        loop {
            if let Some(frame) = self.scan.frame()? {
                return Ok(Some(frame));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// What the file is about.
    pub fn about(&mut self) -> Result<About, Problem> {
        while self.scan.about().is_none() {
            self.scan.first()?;
            if self.scan.about().is_none() && !self.more()? {
                return Err(self.scan.cut());
            }
        }
        self.scan.about().cloned().ok_or_else(|| self.scan.cut())
    }

    /// Where the next frame begins, and the hash over the file up to there.
    pub fn stand(&self) -> (u64, HashText) {
        self.scan.stand()
    }

    /// There is no more to read: whether that is all the file says it has.
    pub fn end(self) -> Result<Scanned, Problem> {
        self.scan.end()
    }

    /// Read on; false at the end of the file.
    fn more(&mut self) -> Result<bool, Problem> {
        let mut piece = Vec::new();
        let read = (&mut self.file).take(READ_BYTES).read_to_end(&mut piece).map_err(|why| unread(&self.path, &why))?;
        self.scan.push(&piece);
        Ok(read > 0)
    }
}

/// The frame that begins at `offset` of the file at `path`, behind what `chain` is over.
pub fn frame_at(path: &Path, offset: u64, chain: &HashText) -> Result<Frame, Problem> {
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(|why| unread(path, &why))?;
    let most = FRAME_BYTES_MAX as u64;
    let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(most).read_to_end(&mut bytes));
    read.map_err(|why| unread(path, &why))?;
    let altered = || Problem::failed("import_altered", format!("the file was altered at or behind byte {offset}"), "");
    transfer::read(&bytes, chain).ok().flatten().ok_or_else(altered)
}

fn unread(path: &Path, why: &std::io::Error) -> Problem {
    Problem::failed("file", format!("{}: {why}", path.display()), "")
}
