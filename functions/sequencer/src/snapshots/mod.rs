//! Snapshots: making them slice by slice, reading rows as they were, and going back to any position.
//!
//! A snapshot is made while commands are decided. Chunks are packed of rows as they are when they are read; what was changed
//! since is found in the log and packed again, until so little is left that the rest and the manifest are one commit. That
//! commit compares the head, so the snapshot is of exactly the position it names. The one after it begins with the chunks of
//! the one before and packs anew what the log says was changed, which costs what was changed and not what there is.

mod after;
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
pub use past::{Past, Usable};

use chunks::Chunks;
use draft::Draft;
use std::cell::Cell;

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
    /// A chunk was read that is not whole. Later snapshots share it with the one it was written for.
    met_damage: Cell<bool>,
    /// When a snapshot of all rows was last begun because of that.
    healed_at: Option<u64>,
    /// Whether something may have outlived its time.
    sweeps: bool,
    /// How often in a row another writer was faster.
    met: u32,
    /// Until then nothing is done beside commands, because something failed.
    quiet_until: u64,
}

impl Snapshots {
    /// Forget the chunks that were read.
    pub(crate) fn forget(&mut self) {
        self.chunks = Chunks::default();
    }
}
