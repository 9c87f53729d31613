//! Old events leave the log for segments, a little at a time beside commands; whoever reads the log reads both as one.
//!
//! A segment, its entry, and that its events leave the log are one commit: at any moment every event is in exactly one
//! place. What is packed was read back and compared before that commit.

mod pack;
mod reader;
mod whole;

pub use pack::Compacting;
pub(crate) use whole::WholeLog;

use ports::Store;
use ports::space::CompactView;
use std::rc::Rc;

/// The same store, whose log is whole: events that left it are read out of segments.
pub fn whole_log(store: Rc<dyn Store>) -> Rc<dyn Store> {
    Rc::new(WholeLog::over(store))
}

/// What a sequencer holds for segments. All of it can be lost.
#[derive(Debug)]
pub(crate) struct Segments {
    /// Whether there may be something to pack.
    pub(crate) may_pack: bool,
    /// What was asked for, and how far it is.
    asked: Option<Asked>,
}

impl Default for Segments {
    fn default() -> Self {
        Self { may_pack: true, asked: None }
    }
}

/// Compacting that somebody asked for.
#[derive(Debug, Clone)]
struct Asked {
    /// Whether there is a snapshot to stand on.
    has_snapshot: bool,
    so_far: CompactView,
}
