//! The host under test: a process on a directory of its own, which can be killed and started again.

mod native;
mod processes;
mod workerd;

use kernelos_tests::crash::Client;
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than any host takes to start on a machine under load.
pub const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long a host that was asked to stop may take.
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How often the suite looks whether something has come about.
const LOOKS: Duration = Duration::from_millis(5);

/// A kind of host: how its process is started, and how one knows that it serves.
pub trait Kind: Sync {
    /// The command that starts it over what `dir` keeps, listening on `port`; on a free one when that is 0.
    fn command(&self, dir: &Path, port: u16) -> Command;

    /// Where it serves, once it does; nothing as long as it does not.
    fn ready(&self, child: &mut Child, dir: &Path) -> Option<Ready>;

    /// Hold everything that is stored in `dir` against the log, where there is a program that can. No process is there.
    fn verify(&self, dir: &Path);
}

/// A host that serves.
pub struct Ready {
    /// Where.
    pub address: SocketAddr,
    /// A token of its.
    pub token: String,
    /// Processes that it started, as far as it tells.
    pub others: Vec<u32>,
}

/// The kind that the stories are told of.
pub fn kind() -> &'static dyn Kind {
    match std::env::var("KERNELOS_CONFORMANCE_HOST").as_deref() {
        Err(_) | Ok("native") => &native::Native,
        Ok("workerd") => &workerd::Workerd,
        Ok(other) => panic!("there is no kind of host {other}; there are native and workerd"),
    }
}

/// Where a host lives, from one process to the next.
pub struct Place {
    dir: TempDir,
}

impl Place {
    /// An empty directory.
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// Start a host here, on a free port, and wait until it serves.
    pub fn start(&self) -> Running {
        Running::start(self.dir.path(), 0)
    }

    /// The same on the port of an earlier one.
    pub fn start_at(&self, port: u16) -> Running {
        Running::start(self.dir.path(), port)
    }

    /// Hold everything that is stored here against the log. No process is here any more.
    pub fn verify(&self) {
        kind().verify(self.dir.path());
    }
}

/// A process that serves. Whatever becomes of the story, it is gone when this is.
pub struct Running {
    child: Child,
    ready: Ready,
}

impl Running {
    fn start(dir: &Path, port: u16) -> Self {
        let said = dir.join("said.txt");
        let log = OpenOptions::new().create(true).append(true).open(&said).unwrap();
        let mut command = kind().command(dir, port);
        // What is set on the machine of whoever runs the tests does not reach the host.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KERNELOS_")) {
            command.env_remove(name);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn();
        let child = child.unwrap_or_else(|why| panic!("{command:?} cannot be started: {why}"));
        Starting { child: Some(child) }.wait(dir, &said)
    }

    /// A client with its token.
    pub fn client(&self) -> Client {
        Client::new(self.ready.address, self.ready.token.clone())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.ready.address
    }

    /// Where it listens, as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.ready.address)
    }

    /// A token of its.
    pub fn token(&self) -> &str {
        &self.ready.token
    }

    /// The processes it consists of, itself first.
    pub fn pids(&self) -> Vec<u32> {
        let pid = self.child.id();
        let mut pids = vec![pid];
        pids.extend(processes::below(pid));
        pids.extend(self.ready.others.iter().filter(|other| !pids.contains(other)).collect::<Vec<_>>());
        pids
    }

    /// Kill it with SIGKILL, and every process it started.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ask it to stop, and wait until it did.
    pub fn stop(mut self) {
        let pids = self.pids();
        processes::ask_to_stop(self.child.id());
        let asked = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(asked.elapsed() < STOPS_WITHIN, "the host does not stop");
            std::thread::sleep(LOOKS);
        }
        for pid in pids {
            processes::wait_for_the_end_of(pid, STOPS_WITHIN);
        }
    }

    /// The process itself goes first: one that looks after others would start them again.
    fn end(&mut self) {
        let pids = self.pids();
        let _ = self.child.kill();
        for pid in pids.iter().skip(1) {
            processes::kill(*pid);
        }
        let _ = self.child.wait();
        for pid in pids {
            processes::wait_for_the_end_of(pid, STOPS_WITHIN);
        }
    }
}

/// A story that fails leaves no process behind.
impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// A process that does not serve yet. It is gone when this is, unless it was handed on.
struct Starting {
    child: Option<Child>,
}

impl Starting {
    fn wait(mut self, dir: &Path, said: &PathBuf) -> Running {
        let begun = Instant::now();
        loop {
            let child = self.child.as_mut().unwrap();
            if let Some(ready) = kind().ready(child, dir) {
                return Running { child: self.child.take().unwrap(), ready };
            }
            let ended = child.try_wait().unwrap();
            if ended.is_some() || begun.elapsed() > STARTS_WITHIN {
                let said = std::fs::read_to_string(said).unwrap_or_default();
                panic!("the host did not start ({ended:?}); it said:\n{said}");
            }
            std::thread::sleep(LOOKS);
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        let below = processes::below(child.id());
        let _ = child.kill();
        below.into_iter().for_each(processes::kill);
        let _ = child.wait();
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
