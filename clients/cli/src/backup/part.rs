//! A file of frames that is being written: events and large content, or data keys.

use super::Written;
use super::directory::{Directory, Draft};
use super::{damaged, of_file};
use crate::outcome::Problem;
use crate::transfer::scan_file;
use kernel::hash::HashText;
use kernel::seal::TransferKey;
use ports::transfer::{self, About, Ending, FrameKind, KeyAbout, MAGIC, PART_FORMAT, Record};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A file that is being written.
pub struct Part {
    draft: Draft,
    path: PathBuf,
    about: About,
    chain: HashText,
    counted: [u64; 3],
}

impl Part {
    /// Begin the file at `path`, of what an export says it is about.
    pub fn begin(directory: &Directory, path: PathBuf, about: &About) -> Result<Self, Problem> {
        let key = KeyAbout { check: about.key.check, age: None };
        let about = About { file: PART_FORMAT, key, ..about.clone() };
        let mut draft = directory.draft(&path)?;
        let mut chain = transfer::begin();
        let first = transfer::write(&mut chain, FrameKind::About, &json(&about)?);
        draft.write(&[MAGIC, &first].concat())?;
        Ok(Self { draft, path, about, chain, counted: [0; 3] })
    }

    /// One frame more.
    pub fn take(&mut self, raw: &[u8]) -> Result<(), Problem> {
        let [events, keys, chunks] = &mut self.counted;
        for record in transfer::records(raw) {
            match record.map_err(|bad| damaged(&self.path, bad))? {
                Record::Sealed(_) => {}
                Record::Event(_) => *events += 1,
                Record::Key(_) => *keys += 1,
                Record::Chunk(_) => *chunks += 1,
            }
        }
        self.draft.write(&transfer::write(&mut self.chain, FrameKind::Records, raw))
    }

    /// End it, and read all of it back.
    pub fn end(mut self, key: &TransferKey) -> Result<Written, Problem> {
        let ([events, keys, chunks], roots) = (self.counted, self.about.roots.clone());
        let ending = Ending { events, keys, chunks, roots, seal: key.seal(&self.chain) };
        self.draft.write(&transfer::write(&mut self.chain, FrameKind::Ending, &json(&ending)?))?;
        self.draft.keep()?;
        let read = scan_file(&self.path).map_err(|problem| of_file(&self.path, problem))?;
        if read.file == self.chain && read.is_sealed_by(key) {
            return Ok(Written { bytes: read.bytes, hash: read.file });
        }
        Err(damaged(&self.path, "it was written and reads back as something else"))
    }

    /// Nothing of it is needed.
    pub fn forget(self) {
        self.draft.forget();
    }
}

/// Whether the file at `path` is the one that was written.
pub fn is_as_written(path: &Path, written: &Written) -> Result<(), Problem> {
    let found = scan_file(path).map_err(|problem| of_file(path, problem))?;
    if found.file == written.hash && found.bytes == written.bytes {
        return Ok(());
    }
    Err(another(path))
}

/// A file that is whole and stands in the place of another.
pub fn another(path: &Path) -> Problem {
    damaged(path, "it is whole, and is not the file that the manifest names")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|why| Problem::failed("protocol", why.to_string(), ""))
}
