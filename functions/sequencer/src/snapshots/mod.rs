//! Snapshots: making them slice by slice, reading rows as they were, and going back to any position.
//!
//! A snapshot is made while commands are decided. Chunks are packed of rows as they are when they are read; what was changed
//! since is found in the log and packed again, until so little is left that the rest and the manifest are one commit. That
//! commit compares the head, so the snapshot is of exactly the position it names. The one after it begins with the chunks of
//! the one before and packs anew what the log says was changed, which costs what was changed and not what there is.

mod chunks;
mod draft;
mod keep;
mod list;
mod loose;
mod make;
mod of_past;
mod past;
mod read;
mod retention;

pub use make::Making;
pub(crate) use make::is_met;
pub use past::{Past, Usable};

use chunks::Chunks;
use draft::Draft;

/// What a sequencer holds for its snapshots. All of it can be lost.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    /// The one that is being made.
    draft: Option<Draft>,
    /// Chunks that were read.
    chunks: Chunks,
    /// Position of the newest one and when it was made, once it was looked for; none when there is none.
    newest: Option<Option<(u64, u64)>>,
    /// Whether events were committed since it was last asked whether a snapshot is due.
    pub(crate) has_moved: bool,
    /// Whether something may have outlived its time.
    sweeps: bool,
    /// How often in a row another writer was faster.
    met: u32,
    /// Until then nothing is done beside commands, because something failed.
    quiet_until: u64,
}
