//! Reading a file as it comes: whether every frame is the one that was written, what there is, and how it ends.

use super::Frames;
use crate::api::refused;
use crate::outcome::Problem;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::transfer::{self, About, Bad, Ending, FRAME_BYTES_MAX, Frame, FrameKind, MAGIC, Record};
use serde_json::Value;
use std::path::Path;

/// A file that is being read.
#[derive(Debug, Default)]
pub struct Scan {
    /// What came and was not drained yet.
    waiting: Vec<u8>,
    /// How much of that was taken.
    taken: usize,
    /// How much of the file was taken.
    offset: u64,
    about: Option<(About, usize)>,
    chain: Option<HashText>,
    ending: Option<(Ending, HashText)>,
    counted: [u64; 3],
}

/// A file that was read to its end.
#[derive(Debug)]
pub struct Scanned {
    /// What it is about.
    pub about: About,
    /// How many bytes its first frame ends at.
    pub head: usize,
    /// How it ends.
    pub ending: Ending,
    /// How many bytes it has.
    pub bytes: u64,
    /// Hash over the whole file.
    pub file: HashText,
    /// Hash over the file without its last frame.
    before: HashText,
}

impl Scan {
    /// Take the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.push(bytes);
        while self.frame()?.is_some() {}
        Ok(())
    }

    /// These are the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.drain(..self.taken);
        self.taken = 0;
        self.waiting.extend_from_slice(bytes);
    }

    /// The next frame behind the first, when all of it is there.
    pub fn frame(&mut self) -> Result<Option<Frame>, Problem> {
        if self.chain.is_none() && !self.first()? {
            return Ok(None);
        }
        let Some(chain) = self.chain else { return Ok(None) };
        let Some(frame) = transfer::read(self.rest(), &chain).map_err(|bad| self.bad(&bad))? else { return Ok(None) };
        self.take(&frame, chain)?;
        self.passed(frame.size);
        Ok(Some(frame))
    }

    /// What the file is about, once that came.
    pub fn about(&self) -> Option<&About> {
        self.about.as_ref().map(|(about, _)| about)
    }

    /// How many bytes the first frame ends at, once it came.
    pub fn head(&self) -> Option<usize> {
        self.about.as_ref().map(|(_, size)| *size)
    }

    /// Where the next frame begins, and the hash over the file up to there.
    pub fn stand(&self) -> (u64, HashText) {
        (self.offset, self.chain.unwrap_or_else(transfer::begin))
    }

    /// Take the first frame, if all of it is there.
    pub(super) fn first(&mut self) -> Result<bool, Problem> {
        match About::read(self.rest()) {
            Ok((about, size, chain)) => {
                (self.about, self.chain) = (Some((about, size)), Some(chain));
                self.passed(size);
                Ok(true)
            }
            Err(Bad::Cut) if self.rest().len() < MAGIC.len() + FRAME_BYTES_MAX => Ok(false),
            Err(bad) => Err(self.bad(&bad)),
        }
    }

    fn rest(&self) -> &[u8] {
        self.waiting.get(self.taken..).unwrap_or_default()
    }

    fn passed(&mut self, size: usize) {
        self.taken += size;
        self.offset += size as u64;
    }

    fn take(&mut self, frame: &Frame, before: HashText) -> Result<(), Problem> {
        if self.ending.is_some() {
            return Err(self.bad(&Bad::Altered("there are bytes behind its end".to_owned())));
        }
        match frame.kind {
            FrameKind::Records => self.count(&frame.raw).map_err(|bad| self.bad(&bad))?,
            FrameKind::Ending => {
                let ending = Ending::read(&frame.raw).map_err(|bad| self.bad(&bad))?;
                self.ending = Some((ending, before));
            }
            FrameKind::Failure => {
                return Err(refused(&serde_json::from_slice::<Value>(&frame.raw).unwrap_or_default()));
            }
            FrameKind::About => return Err(self.bad(&Bad::Altered("it says twice what it is about".to_owned()))),
        }
        self.chain = Some(frame.chain);
        Ok(())
    }

    fn count(&mut self, raw: &[u8]) -> Result<(), Bad> {
        let [events, keys, chunks] = &mut self.counted;
        for record in transfer::records(raw) {
            match record? {
                Record::Sealed(_) => {}
                Record::Event(_) => *events += 1,
                Record::Key(_) => *keys += 1,
                Record::Chunk(_) => *chunks += 1,
            }
        }
        Ok(())
    }

    /// There is no more.
    pub fn end(self) -> Result<Scanned, Problem> {
        let (Some((about, head)), Some((ending, before)), Some(file)) = (&self.about, &self.ending, self.chain) else {
            return Err(self.cut());
        };
        if !self.rest().is_empty() {
            return Err(self.bad(&Bad::Altered("there are bytes behind its end".to_owned())));
        }
        if self.counted != [ending.events, ending.keys, ending.chunks] || ending.roots != about.roots {
            return Err(self.bad(&Bad::Altered("its end speaks of another beginning".to_owned())));
        }
        let (about, ending) = (about.clone(), ending.clone());
        Ok(Scanned { about, head: *head, ending, bytes: self.offset, file, before: *before })
    }

    /// The file ends too early.
    pub(super) fn cut(&self) -> Problem {
        let what = format!("the file ends at byte {}, before its end", self.offset + self.rest().len() as u64);
        Problem::failed("import_cut", what, "Take another copy of the file, or export again.")
    }

    fn bad(&self, bad: &Bad) -> Problem {
        let (code, what) = match bad {
            Bad::Foreign(why) => ("import_foreign", format!("this is not an exported workspace: {why}")),
            Bad::Version(why) => ("import_version", format!("the file is of a version that is not known here: {why}")),
            Bad::Altered(_) | Bad::Cut => {
                ("import_altered", format!("the file was altered at or behind byte {}: {bad}", self.offset))
            }
        };
        let hint = if code == "import_version" {
            "Use a newer version of this program."
        } else {
            "Take another copy of the file, or export again."
        };
        Problem::failed(code, what, hint)
    }
}

impl Scanned {
    /// Whether whoever wrote the file knew `key`.
    pub fn is_sealed_by(&self, key: &TransferKey) -> bool {
        key.seal(&self.before) == self.ending.seal
    }
}

/// Read the file at `path` to its end.
pub fn scan_file(path: &Path) -> Result<Scanned, Problem> {
    let mut frames = Frames::open(path)?;
    while frames.frame()?.is_some() {}
    frames.end()
}
