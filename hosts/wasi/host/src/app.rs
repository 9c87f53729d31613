//! An application: its components compiled, its database open, its limits.

use crate::HostError;
use crate::bindings;
use crate::bindings::cron::SpinCronPre;
use crate::call::SLICE;
use crate::compiled::Compiled;
use crate::manifest::{Manifest, Route, fill};
use crate::outbound::Allowed;
use crate::routes::Routes;
use crate::state::State;
use libsql::{Connection, Database};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi::p2;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// The database, in the data directory.
const DATABASE: &str = "kernelos.db";
/// What components were compiled to, in the data directory.
const COMPILED: &str = "compiled";

/// What instances may use, and how many there may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Memory of one instance.
    pub memory_bytes: usize,
    /// Time that one instance computes, altogether.
    pub compute: Duration,
    /// Time that one instance is there, waiting included.
    pub time: Duration,
    /// Requests from outside that are served at once.
    pub requests: usize,
    /// Instances at once, those that siblings call included.
    pub instances: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 128 << 20,
            compute: Duration::from_secs(10),
            time: Duration::from_secs(300),
            requests: 256,
            instances: 1_000,
        }
    }
}

/// A component.
pub struct Part {
    /// Ready to be instantiated.
    pub pre: InstancePre<State>,
    /// The same, if it answers requests.
    pub http: Option<ProxyPre<State>>,
    /// Whom it may speak to.
    pub allowed: Vec<Allowed>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Whether it may open the database.
    pub opens_database: bool,
}

/// An application.
pub struct App {
    /// What runs the components.
    pub engine: Engine,
    /// The components by name.
    pub parts: BTreeMap<String, Arc<Part>>,
    /// Which of them answers what.
    pub routes: Routes,
    /// The database.
    pub database: Database,
    /// Open for as long as the application is there: when the last connection closes, the database puts its log away, and
    /// the next one that opens begins another. Each request would pay for both.
    _open: Connection,
    /// Held for as long as a statement writes: those who wait for it are served as they came.
    pub writing: Mutex<()>,
    /// Limits of instances.
    pub limits: Limits,
    /// Room for requests from outside.
    pub requests: Arc<Semaphore>,
    /// Room for instances.
    pub instances: Arc<Semaphore>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({:?})", self.parts.keys())
    }
}

impl App {
    /// The application that `manifest` describes, whose files are seen from `folder`, over what `data` keeps.
    pub async fn load(
        manifest: &Manifest,
        folder: &Path,
        data: &Path,
        values: &BTreeMap<String, String>,
        limits: Limits,
    ) -> Result<Arc<Self>, HostError> {
        let variables = variables(manifest, values)?;
        let compiled = Compiled::open(data.join(COMPILED))?;
        let engine = engine(&limits, &compiled).map_err(|why| HostError::Broken(format!("no engine: {why:#}")))?;
        let linker = linker(&engine).map_err(|why| HostError::Broken(format!("no interfaces: {why:#}")))?;
        let mut parts = BTreeMap::new();
        for (name, component) in &manifest.component {
            let bad = |why: String| HostError::Manifest(format!("the component {name}: {why}"));
            let file = folder.join(&component.source);
            let pre = Component::from_file(&engine, &file).and_then(|part| linker.instantiate_pre(&part));
            let pre = pre.map_err(|why| bad(format!("{} cannot be served: {why:#}", file.display())))?;
            let filled = |text: &String| fill(text, &variables).map_err(bad);
            let allowed =
                component.allowed_outbound_hosts.iter().map(|entry| Allowed::parse(&filled(entry)?).map_err(bad));
            let own = component.variables.iter().map(|(name, text)| Ok((name.clone(), filled(text)?)));
            let part = Part {
                http: ProxyPre::new(pre.clone()).ok(),
                pre,
                allowed: allowed.collect::<Result<_, HostError>>()?,
                variables: own.collect::<Result<_, HostError>>()?,
                opens_database: !component.sqlite_databases.is_empty(),
            };
            parts.insert(name.clone(), Arc::new(part));
        }
        compiled.keep();
        fits(manifest, &parts)?;
        let (database, open) = open(&data.join(DATABASE)).await?;
        let (requests, instances) =
            (Arc::new(Semaphore::new(limits.requests)), Arc::new(Semaphore::new(limits.instances)));
        let (routes, writing) = (routes(manifest)?, Mutex::new(()));
        let app = Arc::new(Self { engine, parts, routes, database, _open: open, writing, limits, requests, instances });
        count_time(&app)?;
        Ok(app)
    }
}

/// What starts a component is something that the component answers.
fn fits(manifest: &Manifest, parts: &BTreeMap<String, Arc<Part>>) -> Result<(), HostError> {
    let answers = |name: &String| parts.get(name).is_some_and(|part| part.http.is_some());
    if let Some(deaf) = manifest.trigger.http.iter().map(|trigger| &trigger.component).find(|name| !answers(name)) {
        return Err(HostError::Manifest(format!("the component {deaf} has a route and answers no requests")));
    }
    let told = |name: &String| parts.get(name).is_some_and(|part| SpinCronPre::new(part.pre.clone()).is_ok());
    if let Some(deaf) = manifest.trigger.cron.iter().map(|trigger| &trigger.component).find(|name| !told(name)) {
        return Err(HostError::Manifest(format!("the component {deaf} has a schedule and takes no events of time")));
    }
    Ok(())
}

/// Values of the manifest's variables. What is required and not set is said by name, with how to set it.
fn variables(manifest: &Manifest, values: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, HostError> {
    let mut variables = BTreeMap::new();
    for (name, variable) in &manifest.variables {
        let value = values.get(name).or(variable.default.as_ref());
        match value {
            Some(value) => drop(variables.insert(name.clone(), value.clone())),
            None if variable.required => {
                let environment = name.to_ascii_uppercase();
                return Err(HostError::Manifest(format!(
                    "the variable {name} is required and not set: set SPIN_VARIABLE_{environment}"
                )));
            }
            None => {}
        }
    }
    Ok(variables)
}

fn routes(manifest: &Manifest) -> Result<Routes, HostError> {
    let public = manifest.trigger.http.iter().filter_map(|trigger| match &trigger.route {
        Route::Public(route) => Some((route.as_str(), trigger.component.as_str())),
        Route::Private(_) => None,
    });
    Routes::of(public).map_err(HostError::Manifest)
}

/// Memory for all instances is reserved beforehand and used when they are there.
fn engine(limits: &Limits, compiled: &Compiled) -> wasmtime::Result<Engine> {
    let count = u32::try_from(limits.instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count).total_core_instances(count.saturating_mul(4));
    pool.total_memories(count).total_tables(count.saturating_mul(4)).total_stacks(count);
    pool.max_memory_size(limits.memory_bytes);
    let mut config = Config::new();
    config.epoch_interruption(true).allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.cache(Some(compiled.cache.clone()));
    Engine::new(&config)
}

/// What components may import. Nothing of files and sockets is there, so one that wants it is refused at the start.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
    use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
    let l = &mut linker;
    p2::bindings::cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    p2::bindings::random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;
    bindings::spin::sqlite::sqlite::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    bindings::fermyon::spin::variables::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    Ok(linker)
}

async fn open(path: &Path) -> Result<(Database, Connection), HostError> {
    let broken = |why: libsql::Error| HostError::Broken(format!("{}: {why}", path.display()));
    let database = libsql::Builder::new_local(path).build().await.map_err(broken)?;
    // Kept in the file: readers and a writer do not wait for one another.
    let connection = database.connect().map_err(broken)?;
    let mut set = connection.query("PRAGMA journal_mode=WAL", ()).await.map_err(broken)?;
    while set.next().await.map_err(broken)?.is_some() {}
    drop(set);
    // The log is there once something was read.
    let mut read = connection.query("SELECT count(*) FROM sqlite_schema", ()).await.map_err(broken)?;
    while read.next().await.map_err(broken)?.is_some() {}
    drop(read);
    Ok((database, connection))
}

/// Count the time of instances, for as long as the application is there.
fn count_time(app: &Arc<App>) -> Result<(), HostError> {
    let weak: Weak<App> = Arc::downgrade(app);
    let counting = move || {
        while let Some(app) = weak.upgrade() {
            app.engine.increment_epoch();
            drop(app);
            std::thread::sleep(SLICE);
        }
    };
    let thread = std::thread::Builder::new().name("time".to_owned()).spawn(counting);
    thread.map(drop).map_err(|why| HostError::Broken(format!("no thread could be started: {why}")))
}
