//! The anchor: how far the log is known to have got, kept beside the file so that a lost tail shows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kernel::hash::{Domain, Hash, hash};

use crate::sum::Sum;
use crate::whole::Stored;

/// While there are commits, the anchor is forced to the disk about this often.
const SYNC_EVERY: Duration = Duration::from_secs(1);

const MAGIC: &[u8; 8] = b"KOSanch1";
const BYTES: usize = 80;

/// What an anchor remembers of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Position of the head.
    pub(crate) pos: u64,
    /// Its token.
    pub(crate) epoch: u64,
    /// How often the head had been replaced; the one number every commit and every claim raises.
    pub(crate) turn: u64,
    /// Hash over its value.
    pub(crate) value: Hash,
}

impl Mark {
    /// The mark of a stored head.
    pub(crate) fn of(head: &Stored) -> Self {
        Self::new(head.pos, head.epoch, head.turn, &head.value)
    }

    /// The mark of a head with `value`.
    pub(crate) fn new(pos: u64, epoch: u64, turn: u64, value: &[u8]) -> Self {
        Self { pos, epoch, turn, value: hash(Domain::Row, &[value]) }
    }

    /// What is wrong with a log that ends at `stored`, seen from this mark. A log may always be ahead of its anchor.
    pub(crate) fn against(&self, stored: &Self) -> Option<String> {
        if self.turn < stored.turn || self == stored {
            return None;
        }
        if self.turn == stored.turn {
            return Some(format!("the head at position {} is not the one its anchor saw", stored.pos));
        }
        Some(format!(
            "log tail lost: anchor at position {} (token {}, turn {}), log ends at {} (token {}, turn {})",
            self.pos, self.epoch, self.turn, stored.pos, stored.epoch, stored.turn
        ))
    }

    fn to_bytes(self) -> Vec<u8> {
        let numbers = [self.pos, self.epoch, self.turn].map(u64::to_le_bytes);
        let body = [MAGIC.as_slice(), numbers.as_flattened(), &self.value].concat();
        let sum = Sum::of(4).bytes(&body).done().to_le_bytes();
        [body.as_slice(), &[0; 8], &sum].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let mark =
            Self { pos: number(8)?, epoch: number(16)?, turn: number(24)?, value: *bytes.get(32..)?.first_chunk()? };
        (mark.to_bytes() == bytes).then_some(mark)
    }
}

/// What stands in an anchor's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is no file.
    Nothing,
    /// There is one, but not as it was written.
    Altered,
    /// This.
    Mark(Mark),
}

/// The anchor's file. It is made by the first mark: a workspace that was only looked at writes nothing.
pub(crate) struct Anchor {
    path: PathBuf,
    file: Option<File>,
    dirty: bool,
    synced: Instant,
    trouble: Option<String>,
}

impl Anchor {
    /// Read the anchor at `path`.
    pub(crate) fn read(path: &Path) -> io::Result<Found> {
        let mut bytes = Vec::with_capacity(BYTES);
        match File::open(path) {
            Ok(file) => file.take(BYTES as u64 + 1).read_to_end(&mut bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        Ok(Mark::from_bytes(&bytes).map_or(Found::Altered, Found::Mark))
    }

    /// The anchor at `path`, for writing.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, dirty: false, synced: Instant::now(), trouble: None }
    }

    /// Write `mark`, which has to be of a head that is already durable.
    ///
    /// The commit it belongs to stands, whatever becomes of the anchor. So trouble is kept for a check to name.
    pub(crate) fn write(&mut self, mark: &Mark) {
        self.trouble = self.try_write(mark).err().map(|error| format!("the anchor could not be written: {error}"));
    }

    /// What kept the last mark from being written.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn try_write(&mut self, mark: &Mark) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.make()?,
        };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&mark.to_bytes())?;
        (self.file, self.dirty) = (Some(file), true);
        if self.synced.elapsed() < SYNC_EVERY {
            return Ok(());
        }
        self.sync()
    }

    /// Open the file, and when it is new make its name durable: a name that is lost is a missing anchor.
    fn make(&self) -> io::Result<File> {
        let new = !self.path.exists();
        let file = File::options().create(true).truncate(false).write(true).open(&self.path)?;
        if let Some(dir) = self.path.parent().filter(|_| new && cfg!(unix)) {
            File::open(dir)?.sync_all()?;
        }
        Ok(file)
    }

    /// Force what was written to the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.as_ref().filter(|_| self.dirty) {
            file.sync_data()?;
            (self.dirty, self.synced) = (false, Instant::now());
        }
        Ok(())
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        let _the_commits_stand_anyway = self.sync();
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;

    const MARK: Mark = Mark { pos: 7, epoch: 2, turn: 9, value: [3; 32] };

    #[test]
    fn a_mark_reads_back_and_every_flipped_bit_is_seen() {
        let mut bytes = MARK.to_bytes();
        assert_eq!(bytes.len(), super::BYTES);
        assert_eq!(Mark::from_bytes(&bytes), Some(MARK));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert_eq!(Mark::from_bytes(&bytes), None, "byte {at}, bit {bit}");
                bytes[at] ^= 1 << bit;
            }
        }
        assert_eq!(Mark::from_bytes(&bytes[..79]), None);
        assert_eq!(Mark::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
    }

    #[test]
    fn only_a_log_behind_its_anchor_has_lost_something() {
        assert_eq!(MARK.against(&MARK), None);
        assert_eq!(MARK.against(&Mark { pos: 8, turn: 10, value: [4; 32], ..MARK }), None);
        let behind = MARK.against(&Mark { pos: 5, turn: 7, ..MARK }).unwrap_or_default();
        assert!(behind.contains("log tail lost: anchor at position 7"), "{behind}");
        assert!(behind.contains("log ends at 5"), "{behind}");
        assert!(MARK.against(&Mark { value: [4; 32], ..MARK }).is_some());
    }
}
