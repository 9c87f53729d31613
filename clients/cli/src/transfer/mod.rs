//! Workspaces as files, on this side: reading one as it comes, the key of one, and sending one to a host.

mod frames;
mod key;
mod scan;
mod send;

pub use frames::{Frames, frame_at};
pub use key::{Keyring, Opener, fresh, open, whom, wrapped};
pub use scan::{Scan, Scanned, scan_file};
pub use send::{Sending, Slices};
