//! Incidents: a piece of a workspace's timeline in a file, to be replayed where the workspace is not.
//!
//! What stands in the file is in `docs/portability.md`. The events are there as they were recorded, one after the other
//! without a gap, so their hashes hold them together; and with what the workspace was before them, so that applying them
//! again comes to what they say they changed, and to the same end.

mod file;
mod gather;
mod record;
mod replay;
mod what;

pub use file::{open, write};
pub use gather::gather;
pub use record::{Before, Head, INCIDENT_FORMAT, Incident, Seen};
pub use replay::{Replayed, replayed};
pub use what::Piece;
