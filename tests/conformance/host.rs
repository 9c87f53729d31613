//! The host under test, on a directory of its own.

use crate::native::Native;
use kernelos_tests::hosts::{Kind, Running, Wasi, Workerd};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tempfile::TempDir;

/// The kind that the stories are told of.
fn kind() -> &'static dyn Kind {
    match std::env::var("KERNELOS_CONFORMANCE_HOST").as_deref() {
        Err(_) | Ok("native") => &Native,
        Ok("workerd") => &Workerd,
        Ok("wasi") => &Wasi,
        Ok(other) => panic!("there is no kind of host {other}; there are native, workerd and wasi"),
    }
}

/// Whether those who watch hear what a model says while it says it.
pub fn tells_pieces() -> bool {
    kind().tells_pieces()
}

/// Where a host lives, from one process to the next.
pub struct Place {
    dir: TempDir,
    kind: &'static dyn Kind,
}

impl Place {
    /// An empty directory.
    pub fn new() -> Self {
        Self::of(kind())
    }

    /// An empty directory for a native host, whatever kind the stories are told of: where workspaces travel to.
    pub fn native() -> Self {
        Self::of(&Native)
    }

    /// An empty directory for a host of that kind.
    pub fn of(kind: &'static dyn Kind) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), kind }
    }

    /// Start a host here, on a free port, and wait until it serves.
    pub fn start(&self) -> Running {
        self.start_at(0)
    }

    /// The same on the port of an earlier one.
    pub fn start_at(&self, port: u16) -> Running {
        Running::start(self.kind, self.dir.path(), port).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Hold everything that is stored here against the log. No process is here any more.
    pub fn verify(&self) {
        self.kind.verify(self.dir.path()).unwrap_or_else(|why| panic!("{why}"));
    }
}

/// A host that stories share which do not kill it.
pub struct Shared {
    running: Running,
    _place: Place,
}

impl std::ops::Deref for Shared {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// The host that is shared. It is started when nobody has it, and ends with the last story that does: what a test program
/// keeps for ever is not let go when it ends.
pub fn shared() -> Arc<Shared> {
    static SHARED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return running;
    }
    let place = Place::new();
    let started = Arc::new(Shared { running: place.start(), _place: place });
    *shared = Arc::downgrade(&started);
    started
}
