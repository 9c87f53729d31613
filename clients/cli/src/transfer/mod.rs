//! Workspaces as files, on this side: reading one as it comes, and the key of one.

mod key;
mod scan;

pub use key::{Opener, open, whom};
pub use scan::{Scan, Scanned, scan_file};
