//! How far a long transfer is, for whoever sits at the terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// A line on a terminal that says how many bytes there are by now. It is gone when it is dropped.
pub struct Progress {
    what: &'static str,
    bytes: u64,
    shown: Option<Instant>,
}

impl Progress {
    /// Nothing came yet; `what` is done with what comes.
    pub fn new(what: &'static str) -> Self {
        let shown = std::io::stderr().is_terminal().then(Instant::now);
        Self { what, bytes: 0, shown }
    }

    /// So many bytes more.
    pub fn more(&mut self, bytes: u64) {
        self.bytes += bytes;
        let Some(shown) = &mut self.shown else { return };
        if shown.elapsed() >= Duration::from_millis(200) {
            *shown = Instant::now();
            let (whole, tenths) = (self.bytes / 1_000_000, self.bytes / 100_000 % 10);
            let _ = write!(std::io::stderr(), "\r{} {whole}.{tenths} MB", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
