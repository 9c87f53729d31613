//! The embedded native host: sequencers, gateway and runtimes in one process, on one machine.
//!
//! ```text
//!   edge thread (current-thread executor)              shard threads (current-thread executors)
//!   ┌──────────────────────────────────────┐           ┌───────────────────────────────────────┐
//!   │ hyper ─► gateway ─┐                  │  channel  │ actor of workspace A ─► libSQL file A │
//!   │                   ├─► Sequencing ────┼──────────►│ actor of workspace B ─► libSQL file B │
//!   │ runtimes ─────────┘                  │           │ …                                     │
//!   └──────────────────────────────────────┘           └───────────────────────────────────────┘
//! ```
//!
//! One workspace lives on one thread, so nothing is locked. Commands that arrive while a commit runs wait together and
//! are committed together by the next one.

mod actor;
mod ambient;
mod edge;
mod error;
mod identity;
mod live;
mod models;
mod notice;
mod runtimes;
mod sequencing;
mod shard;
mod work;

pub use ambient::Machine;
pub use error::HostError;
pub use identity::{Identity, directory};
pub use sequencing::HostSequencing;
pub use shard::StoreFactory;

use crate::upgrade::{self, Upgraded};
use kernel::id::WorkspaceId;
use ports::LiveDelta;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use store_libsql::LibsqlStore;

/// Where a host that runs for others says where it listens. One that starts removes what an earlier one left: a token
/// must not be sent to whoever listens there now.
pub const HOST_FILE: &str = "host.json";

/// Pieces of answers that wait until the edge thread has time for them; more are dropped.
const SAID_MAX: usize = 256;

/// A piece of an answer, and where it is said.
type Said = (WorkspaceId, LiveDelta);

/// How a host is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it keeps everything.
    pub data: PathBuf,
    /// The loopback port it listens on; 0 takes a free one.
    pub port: u16,
    /// How many effects of one workspace it performs at once; 0 performs none.
    pub effects_max: usize,
    /// A command that is run when a person is waited for; the notice stands on its standard input.
    pub notify: Option<String>,
    /// The database server that holds the workspaces; files in `data` when absent.
    pub database: Option<Database>,
}

/// A libSQL server.
#[derive(Debug, Clone)]
pub struct Database {
    /// Where it is: `https://…` or `http://…`.
    pub url: String,
    /// Refers to the secret that opens it: `env:NAME` or `vault:NAME`.
    pub token: Option<String>,
    /// Ranges of addresses that are not public, if it is at one of them.
    pub private: Vec<String>,
}

impl Config {
    /// A host over `data` on a free port.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), port: 0, effects_max: 16, notify: None, database: None }
    }
}

/// A running host. It stops when it is dropped, and has let go of its data directory then.
pub struct Host {
    address: SocketAddr,
    token: String,
    say: tokio::sync::mpsc::Sender<Said>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    edge: Option<JoinHandle<()>>,
    shards: Vec<JoinHandle<()>>,
    /// Locks the data directory of a host that has no workspaces in it.
    files: Option<LibsqlStore>,
    upgraded: Option<Upgraded>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({})", self.address)
    }
}

impl Host {
    /// Start a host over the libSQL files of its data directory, or over its database server.
    pub fn start(config: &Config) -> Result<Self, HostError> {
        identity::directory(&config.data)?;
        let files = LibsqlStore::open(&config.data.join("workspaces"))?;
        let Some(database) = &config.database else {
            return Self::start_over(config, shard::libsql(files));
        };
        // The vault and the token are this host's alone, wherever the workspaces are.
        let mut host = Self::start_over(config, shard::remote(&config.data, database)?)?;
        host.files = Some(files);
        Ok(host)
    }

    /// Start a host over other stores: one per shard thread, made on that thread.
    pub fn start_over(config: &Config, stores: Vec<StoreFactory>) -> Result<Self, HostError> {
        identity::directory(&config.data)?;
        let upgraded = upgrade::ready(&config.data)?;
        let identity = Identity::open(&config.data)?;
        let _ = std::fs::remove_file(config.data.join(HOST_FILE));
        let token = identity.token.clone();
        let (shards, threads) = shard::spawn(&config.data, stores)?.into_iter().unzip();
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (say, said) = tokio::sync::mpsc::channel(SAID_MAX);
        let config = config.clone();
        let edge = std::thread::Builder::new()
            .name("edge".to_owned())
            .spawn(move || edge::run(&config, identity, shards, said, &ready, stopped))
            .map_err(|why| HostError::Broken(format!("no thread could be started: {why}")))?;
        let address = started.recv().map_err(|_| HostError::Broken("the host ended while it started".to_owned()))??;
        Ok(Self { address, token, say, stop: Some(stop), edge: Some(edge), shards: threads, files: None, upgraded })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bearer token of its owner.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What an upgrade of its data directory did, if there was one.
    pub fn upgraded(&self) -> Option<&Upgraded> {
        self.upgraded.as_ref()
    }

    /// Let those who watch `workspace` hear `delta`, as from a runtime of this host: for a program that embeds the host and
    /// performs effects itself. Never waits; what cannot be passed on at once is dropped.
    pub fn say(&self, workspace: WorkspaceId, delta: LiveDelta) {
        let _ = self.say.try_send((workspace, delta));
    }

    /// Wait until the host ends.
    pub fn wait(mut self) {
        if let Some(edge) = self.edge.take() {
            let _ = edge.join();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // The edge holds the way to the shards, so they end after it.
        for thread in self.edge.take().into_iter().chain(self.shards.drain(..)) {
            let _ = thread.join();
        }
    }
}
