//! Upgrading a data directory in place: first a copy of it as it is, then one step after the other.
//!
//! A file in the directory says which version it is of; a directory without one is of version 0, as programs made it before
//! there were versions. A newer program copies the directory beside itself before it changes anything, and each step is
//! noted when it is done, so an upgrade that was cut off goes on. An older program refuses a newer directory: it would
//! understand a part of it, and lose the rest.
//!
//! What is in a workspace needs none of this: events decode for ever, and rows follow from them.

mod copy;
mod format;
#[cfg(test)]
mod tests;

pub use format::Standing;

use crate::host::HostError;
use format::Format;
use std::path::Path;

/// Version of data directories that this program makes.
pub const DATA_FORMAT: u32 = 1;

/// What leads to a version from the one before. It may be cut off anywhere and is run again then, so it changes each file by
/// one rename.
struct Step {
    to: u32,
    run: fn(&Path) -> std::io::Result<()>,
}

/// Every step there was.
const STEPS: [Step; 1] = [
    // Nothing is kept in another way: from here on a file says which version the directory is of, and that stands with the
    // step being noted.
    Step { to: 1, run: |_| Ok(()) },
];

/// What an upgrade did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgraded {
    /// The version that was found.
    pub from: u32,
    /// Where the copy of it is, below the data directory.
    pub before: String,
}

impl Upgraded {
    /// In words.
    pub fn told(&self, data: &Path) -> String {
        let (data, from, before) = (data.display(), self.from, &self.before);
        format!("{data} was upgraded from data version {from} to {DATA_FORMAT}; as it was: {data}/{before}")
    }
}

/// Make the directory one of this program's version. Whoever calls holds the lock of its store: nothing else is at work there.
pub fn ready(data: &Path) -> Result<Option<Upgraded>, HostError> {
    ready_by(data, &STEPS, DATA_FORMAT)
}

/// Which version the directory is of; one that is newer than this program is refused.
pub fn look(data: &Path) -> Result<Standing, HostError> {
    Standing::of(data, DATA_FORMAT)
}

/// The same for what does without the store, and may be the first to put something into the directory.
pub fn begun(data: &Path) -> Result<(), HostError> {
    if look(data)? == Standing::New {
        Format::now(DATA_FORMAT).write(data)?;
    }
    Ok(())
}

fn ready_by(data: &Path, steps: &[Step], newest: u32) -> Result<Option<Upgraded>, HostError> {
    let mut format = match Standing::of(data, newest)? {
        Standing::New => {
            Format::now(newest).write(data)?;
            return Ok(None);
        }
        Standing::Current => return Ok(None),
        Standing::Older(format) => format,
    };
    let from = format.data;
    if format.upgrading.is_none() {
        format.before = Some(copy::beside(data, newest)?);
        format.upgrading = Some(newest);
        format.write(data)?;
    }
    for step in steps.iter().filter(|step| step.to > from) {
        let failed = |why| {
            let to = step.to;
            HostError::Broken(format!("{} cannot be brought to data version {to}: {why}", data.display()))
        };
        (step.run)(data).map_err(failed)?;
        format.data = step.to;
        format.write(data)?;
    }
    let before = format.before.unwrap_or_default();
    Format { before: Some(before.clone()), ..Format::now(newest) }.write(data)?;
    Ok(Some(Upgraded { from, before }))
}
