//! A small host for WASI components. It reads `spin.toml` and serves the very files that are named there, over wasmtime
//! and a file of libSQL: for tests, and for whoever wants the components without another program.
//!
//! Every request gets a new instance, whose memory and time are bounded; more requests than there is room for are refused
//! with `503` and `Retry-After`. Components reach what the manifest lets them, and one another by `NAME.spin.internal`
//! within this process.
//!
//! Where the interfaces leave something open, this host takes the narrower reading, so that what works here works
//! elsewhere:
//!
//! * A transaction is one statement. `BEGIN`, `COMMIT`, `ROLLBACK` and savepoints are refused; elsewhere they may reach over
//!   several statements, and hold others up as long as their component takes.
//! * Every `open` is a connection of its own that knows nothing of another one: no temporary table and no pragma outlives
//!   it. An instance has four at most, and none outlives the instance.
//! * Pragmas are refused but those that only tell or whose setting is kept in the file (`journal_mode=wal`). Foreign keys
//!   are as the library has them, and `synchronous` is `FULL`.
//! * `ATTACH`, `DETACH` and `load_extension` are refused.
//! * A statement is given 32 MiB of values at most, and gives no more; it is given as many values as it has parameters.
//! * There is one database, `default`, for components whose manifest says so.
//! * A wildcard in `allowed_outbound_hosts` lets nobody through to siblings: they are named.
//! * No environment, no arguments, no standard input; what is written to standard output is lost.
//! * A component with a schedule takes the events of Spin's cron trigger, and is not started again while it is at work.

mod app;
mod bindings;
mod call;
mod compiled;
mod manifest;
mod outbound;
mod outgoing;
mod routes;
mod secrets;
mod serve;
mod sqlite;
mod state;
mod ticks;
mod variables;

pub use app::Limits;

use manifest::{Manifest, seconds};
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Why the host did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The manifest, or what it names.
    Manifest(String),
    /// The port.
    Port(String),
    /// Its files, or this machine.
    Broken(String),
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest(why) | Self::Broken(why) => f.write_str(why),
            Self::Port(why) => write!(f, "it cannot listen: {why}"),
        }
    }
}

impl std::error::Error for HostError {}

/// How a host is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// The manifest.
    pub manifest: PathBuf,
    /// Where it keeps everything.
    pub data: PathBuf,
    /// The loopback port it listens on; 0 takes a free one.
    pub port: u16,
    /// Values of variables.
    pub variables: BTreeMap<String, String>,
    /// Limits of instances.
    pub limits: Limits,
}

impl Config {
    /// A host of `manifest` over `data` on a free port. Variables are those in the environment: `SPIN_VARIABLE_NAME`.
    pub fn new(manifest: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        let named =
            |(name, value): (String, String)| Some((name.strip_prefix("SPIN_VARIABLE_")?.to_ascii_lowercase(), value));
        let variables = std::env::vars().filter_map(named).collect();
        Self { manifest: manifest.into(), data: data.into(), port: 0, variables, limits: Limits::default() }
    }
}

/// A running host. It stops when it is dropped, and has let go of its data directory then.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    token: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _lock: File,
}

impl Host {
    /// Start a host.
    pub fn start(config: Config) -> Result<Self, HostError> {
        let lock = secrets::hold(&config.data)?;
        let mut config = config;
        secrets::fill(&config.data, &mut config.variables)?;
        let token = config.variables.get(secrets::TOKEN).cloned().unwrap_or_default();
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("wasi host".to_owned());
        let thread = thread.spawn(move || run(&config, &ready, stopped));
        let thread = thread.map_err(|why| HostError::Broken(format!("no thread could be started: {why}")))?;
        let ended = |_| HostError::Broken("the host ended while it started".to_owned());
        let address = started.recv().map_err(ended)??;
        Ok(Self { address, token, stop: Some(stop), thread: Some(thread), _lock: lock })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bearer token of its owner.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Wait until the host ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(config: &Config, ready: &mpsc::Sender<Result<SocketAddr, HostError>>, stopped: oneshot::Receiver<()>) {
    let executor = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(executor) => executor,
        Err(why) => return drop(ready.send(Err(HostError::Broken(why.to_string())))),
    };
    executor.block_on(async {
        match begin(config).await {
            Err(error) => drop(ready.send(Err(error))),
            Ok((app, listener, address, schedule)) => {
                for trigger in schedule {
                    drop(tokio::spawn(ticks::keep(std::sync::Arc::clone(&app), trigger)));
                }
                let _ = ready.send(Ok(address));
                tokio::select! {
                    () = serve::serve(listener, app) => {}
                    _ = stopped => {}
                }
            }
        }
    });
    executor.shutdown_timeout(std::time::Duration::from_secs(2));
}

type Begun = (std::sync::Arc<app::App>, TcpListener, SocketAddr, Vec<manifest::CronTrigger>);

async fn begin(config: &Config) -> Result<Begun, HostError> {
    let manifest = Manifest::read(&config.manifest)?;
    for trigger in &manifest.trigger.cron {
        seconds(&trigger.cron_expression).map_err(HostError::Manifest)?;
    }
    let folder = config.manifest.parent().map(PathBuf::from).unwrap_or_default();
    // Loopback only: anything else needs TLS and scoped tokens.
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
    let listener = TcpListener::bind(wanted).await.map_err(|why| HostError::Port(format!("{wanted}: {why}")))?;
    let address = listener.local_addr().map_err(|why| HostError::Port(why.to_string()))?;
    // Whoever comes meanwhile waits, and is not refused.
    let app = app::App::load(&manifest, &folder, &config.data, &config.variables, config.limits.clone()).await?;
    Ok((app, listener, address, manifest.trigger.cron))
}
