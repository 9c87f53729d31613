//! Connections that wait for another exchange.
//!
//! A connection is found again only for the peer it was made to: the same address, proven under the same name, with or
//! without TLS. Whoever asks has resolved and checked that address a moment ago, so a name that means another machine
//! since then finds nothing here.

use crate::line::Line;
use ports::egress::Peer;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an unused connection is kept. Shorter than what common servers keep, so that they rarely hang up first.
const IDLE: Duration = Duration::from_secs(30);
/// Most unused connections that are kept, for one peer and for all.
const IDLE_PER_PEER: usize = 16;
const IDLE_CONNECTIONS: usize = 64;

/// Unused connections, the oldest first.
#[derive(Clone)]
pub struct Pool {
    shelf: Arc<Mutex<Shelf>>,
    idle: Duration,
}

#[derive(Default)]
struct Shelf {
    lines: Vec<Kept>,
    /// Whether somebody looks after them.
    tended: bool,
}

struct Kept {
    peer: Peer,
    line: Line,
    until: Instant,
}

impl Default for Pool {
    fn default() -> Self {
        Self { shelf: Arc::default(), idle: IDLE }
    }
}

impl Pool {
    /// A pool that keeps connections for `idle`.
    #[cfg(test)]
    pub fn keeping(idle: Duration) -> Self {
        Self { idle, ..Self::default() }
    }

    /// How many connections wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        locked(&self.shelf).lines.len()
    }

    /// The connection to `peer` that waits since the shortest time.
    pub fn take(&self, peer: &Peer) -> Option<Line> {
        let mut shelf = locked(&self.shelf);
        shelf.sweep();
        let at = shelf.lines.iter().rposition(|kept| kept.peer == *peer)?;
        Some(shelf.lines.remove(at).line)
    }

    /// Keep `line` to `peer` for another exchange; beyond what is kept, the oldest goes.
    pub fn put(&self, peer: Peer, line: Line) {
        let mut shelf = locked(&self.shelf);
        shelf.sweep();
        let same = shelf.lines.iter().filter(|kept| kept.peer == peer).count();
        let oldest = match shelf.lines.len() {
            _ if same >= IDLE_PER_PEER => shelf.lines.iter().position(|kept| kept.peer == peer),
            IDLE_CONNECTIONS.. => Some(0),
            _ => None,
        };
        if let Some(oldest) = oldest {
            shelf.lines.remove(oldest);
        }
        shelf.lines.push(Kept { peer, line, until: Instant::now() + self.idle });
        if !std::mem::replace(&mut shelf.tended, true) {
            self.tend();
        }
    }

    /// Close connections whose time is over, until there are none.
    fn tend(&self) {
        let (shelf, idle) = (Arc::downgrade(&self.shelf), self.idle);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(idle).await;
                let Some(shelf) = shelf.upgrade() else { return };
                let mut shelf = locked(&shelf);
                shelf.sweep();
                shelf.tended = !shelf.lines.is_empty();
                if !shelf.tended {
                    return;
                }
            }
        });
    }
}

impl Shelf {
    fn sweep(&mut self) {
        let now = Instant::now();
        self.lines.retain(|kept| kept.until > now && !kept.line.sender.is_closed());
    }
}

fn locked(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    // Nothing in here leaves it half done.
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
