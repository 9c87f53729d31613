//! Hosts as processes that are started on a directory, killed, and started again: for what is told of every kind of host,
//! and for what is measured of them side by side.

mod compiled;
mod processes;
mod wasi;
mod workerd;

pub use processes::memory;
pub use wasi::Wasi;
pub use workerd::Workerd;

use crate::crash::Client;
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any host takes to start on a machine under load.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// How long a host that was asked to stop may take, and a process that was killed.
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether something has come about.
const LOOKS: Duration = Duration::from_millis(5);

/// A kind of host: how its process is started, and how one knows that it serves.
pub trait Kind: Sync {
    /// The command that starts it over what `dir` keeps, listening on `port`; on a free one when that is 0.
    fn command(&self, dir: &Path, port: u16) -> Result<Command, String>;

    /// Where it serves, once it does; nothing as long as it does not.
    fn ready(&self, child: &mut Child, dir: &Path) -> Option<Ready>;

    /// Hold everything that is stored in `dir` against the log, where there is a program that can. No process is there.
    fn verify(&self, dir: &Path) -> Result<(), String>;

    /// Whether those who watch hear what a model says while it says it. Where nothing is there between requests, nobody can
    /// pass it on, and it must not be stored.
    fn tells_pieces(&self) -> bool {
        true
    }
}

/// A host that serves.
#[derive(Debug)]
pub struct Ready {
    /// Where.
    pub address: SocketAddr,
    /// A token of its.
    pub token: String,
    /// Processes that it started, as far as it tells.
    pub others: Vec<u32>,
}

/// A process that serves. Whatever becomes of whoever started it, it is gone when this is.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ready: Ready,
}

impl Running {
    /// Start a host of that kind on `dir`, and wait until it serves.
    pub fn start(kind: &dyn Kind, dir: &Path, port: u16) -> Result<Self, String> {
        let said = dir.join("said.txt");
        let log = OpenOptions::new().create(true).append(true).open(&said).map_err(|why| why.to_string())?;
        let mut command = kind.command(dir, port)?;
        // What is set on the machine of whoever runs this does not reach the host.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KERNELOS_")) {
            command.env_remove(name);
        }
        // Its standard input closes when this program ends, however that comes about: a host may end by that.
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
        let child = child.map_err(|why| format!("{command:?} cannot be started: {why}"))?;
        Starting { child: Some(child) }.wait(kind, dir).map_err(|why| {
            let said = std::fs::read_to_string(&said).unwrap_or_default();
            format!("{why}; it said:\n{said}")
        })
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
        for other in processes::below(pid).into_iter().chain(self.ready.others.iter().copied()) {
            if !pids.contains(&other) {
                pids.push(other);
            }
        }
        pids
    }

    /// Kill it with SIGKILL, and every process it started.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ask it to stop, and wait until it did.
    pub fn stop(mut self) -> Result<(), String> {
        let pids = self.pids();
        processes::ask_to_stop(self.child.id());
        let asked = Instant::now();
        while self.child.try_wait().map_err(|why| why.to_string())?.is_none() {
            if asked.elapsed() > STOPS_WITHIN {
                return Err("the host does not stop".to_owned());
            }
            std::thread::sleep(LOOKS);
        }
        let left = pids.into_iter().find(|pid| !processes::ends(*pid, STOPS_WITHIN));
        left.map_or(Ok(()), |pid| Err(format!("the host stopped, and its process {pid} did not")))
    }

    /// The process itself goes first: one that looks after others would start them again.
    fn end(&mut self) {
        let pids = self.pids();
        let _ = self.child.kill();
        pids.iter().skip(1).copied().for_each(processes::kill);
        let _ = self.child.wait();
        for pid in pids {
            processes::ends(pid, STOPS_WITHIN);
        }
    }
}

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
    fn wait(mut self, kind: &dyn Kind, dir: &Path) -> Result<Running, String> {
        let begun = Instant::now();
        while let Some(mut child) = self.child.take() {
            if let Some(ready) = kind.ready(&mut child, dir) {
                return Ok(Running { child, ready });
            }
            let ended = child.try_wait().map_err(|why| why.to_string())?;
            self.child = Some(child);
            if ended.is_some() || begun.elapsed() > STARTS_WITHIN {
                return Err(format!("the host did not start ({ended:?})"));
            }
            std::thread::sleep(LOOKS);
        }
        Err("the host is gone".to_owned())
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
