//! The host as a process of its own, which can be killed.

use super::cli::Cli;
use kernelos::host::Identity;
use kernelos_tests::crash::{Client, Stage, StageFile};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where a host lives, from one process to the next.
#[derive(Debug, Clone)]
pub struct Place {
    data: PathBuf,
    stage: PathBuf,
    effects_max: usize,
    still: Duration,
}

impl Place {
    /// In `dir`, performing that many effects at once.
    pub fn new(dir: &Path, effects_max: usize) -> Self {
        let still = Duration::from_micros(300);
        Self { data: dir.join("data"), stage: dir.join("stage"), effects_max, still }
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Start a process here, and do not wait for it.
    pub fn spawn(&self) -> Begun {
        let stage = StageFile::open(&self.stage).unwrap();
        stage.say(Stage::Starting).unwrap();
        let spawned_ms = now_ms();
        let child = Command::new(env!("CARGO_BIN_EXE_crash_host"))
            .args([&self.data, &self.stage])
            .args([self.effects_max.to_string(), self.still.as_micros().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Begun { child, stage, spawned_ms, data: self.data.clone() }
    }

    /// Start a process here, and wait until it listens.
    pub fn start(&self) -> Running {
        self.spawn().ready()
    }
}

/// A process that was started.
pub struct Begun {
    child: Child,
    stage: StageFile,
    /// When it was started, milliseconds since 1970.
    pub spawned_ms: u64,
    data: PathBuf,
}

impl Begun {
    /// Wait until it says where it listens.
    pub fn ready(mut self) -> Running {
        let mut line = String::new();
        BufReader::new(self.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let up = Instant::now();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("the host said {line:?}"));
        let address = address.parse().unwrap();
        let token = Identity::open(&self.data).unwrap().token;
        Running { begun: self, address, token, up }
    }

    /// Kill it with SIGKILL, and say where it stood.
    pub fn kill(mut self) -> Stage {
        self.end();
        self.stage.said().unwrap()
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A test that fails leaves no process behind.
impl Drop for Begun {
    fn drop(&mut self) {
        self.end();
    }
}

/// A process that listens.
pub struct Running {
    begun: Begun,
    /// Where.
    pub address: SocketAddr,
    token: String,
    /// Since when.
    pub up: Instant,
}

impl Running {
    /// A client with its owner's token.
    pub fn client(&self) -> Client {
        Client::new(self.address, self.token.clone())
    }

    /// The program as its owner runs it from elsewhere.
    pub fn program(&self) -> Cli {
        let none = self.begun.data.join("none");
        Cli::over(&none).with("KERNELOS_HOST", &format!("http://{}", self.address)).with("KERNELOS_TOKEN", &self.token)
    }

    /// When it was started, milliseconds since 1970.
    pub fn spawned_ms(&self) -> u64 {
        self.begun.spawned_ms
    }

    /// Wait until it stands at `stage`, but not for long.
    pub fn lie_in_wait(&self, stage: Stage) {
        let begun = Instant::now();
        while self.begun.stage.said().unwrap() != stage && begun.elapsed() < Duration::from_millis(300) {}
    }

    /// Kill it with SIGKILL, and say where it stood.
    pub fn kill(self) -> Stage {
        self.begun.kill()
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
