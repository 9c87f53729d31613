//! `cargo xtask build cloudflare`: from crates to what Cloudflare loads, one folder for each Worker.
//!
//! cargo makes wasm, the tool `xtask-bundle` binds it to JavaScript, and `bundle.mjs` optimises and packs both. A Worker
//! whose wasm and tools are what they were is not packed again.

use crate::failure::Failure;
use crate::process::{cargo, output, program, root, run};
use crate::setup::{self, node_for_workers};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// What is deployed, the Worker with the public route first.
pub const WORKERS: [Worker; 4] = [
    Worker { name: "gateway", package: "kernelos-cloudflare-gateway", gzip_max: 3_000_000 },
    Worker { name: "sequencer", package: "kernelos-cloudflare-sequencer", gzip_max: 1_500_000 },
    Worker { name: "runtime", package: "kernelos-cloudflare-runtime", gzip_max: 3_000_000 },
    Worker { name: "provider-router", package: "kernelos-cloudflare-provider-router", gzip_max: 3_000_000 },
];

/// Dies when it is asked to, and is never deployed.
const PANICS: Worker = Worker { name: "panic", package: "kernelos-panic-worker", gzip_max: 3_000_000 };
/// Stands before the sequencer in its tests, and is never deployed.
const FRONT: Worker = Worker { name: "front", package: "kernelos-front-worker", gzip_max: 3_000_000 };

/// What is told of Workers under the real workerd.
const TESTS: &str = "tests/workers/*/*.test.mjs";

/// A Worker: a crate, and the folder below `target/cloudflare` that its `wrangler.toml` names.
#[derive(Clone, Copy)]
pub struct Worker {
    pub name: &'static str,
    package: &'static str,
    /// The platform refuses 3 MB on its free plan. The sequencer stays below half of it, because more must fit in.
    gzip_max: u64,
}

/// How much trouble is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What is deployed: small.
    Deployed,
    /// Built quickly, for trying things out and for tests.
    Quick,
}

/// Builds what is deployed, with `--dev` the same quickly, and with `--dry-run` sees besides that it would be taken.
pub fn build(options: &[String]) -> Result<(), Failure> {
    setup::with_worker_tools()?;
    match options {
        [] => workers(&WORKERS, Kind::Deployed),
        [only] if only == "--dev" => workers(&WORKERS, Kind::Quick),
        [only] if only == "--dry-run" => dry_run(),
        _ => Err(Failure::check(format!("build cloudflare knows --dev and --dry-run, not {}", options.join(" ")))),
    }
}

/// What Workers do under the real workerd: die, sleep, wake one another, share memory, and are killed.
pub fn test() -> Result<(), Failure> {
    setup::with_worker_tools()?;
    let tested: Vec<Worker> = WORKERS.into_iter().chain([PANICS, FRONT]).collect();
    workers(&tested, Kind::Quick)?;
    // A test that fails may leave something open; it is told all the same.
    run(&mut node(&["--test", "--test-concurrency=1", "--test-force-exit", TESTS])?)
}

/// That what is deployed would be taken: built, and packed by wrangler itself, which asks no network for it.
pub fn dry_run() -> Result<(), Failure> {
    workers(&WORKERS, Kind::Deployed)?;
    for worker in WORKERS {
        let config =
            if worker.name == "gateway" { String::new() } else { format!("hosts/cloudflare/{}/", worker.name) };
        let config = format!("{config}wrangler.toml");
        let mut command = node(&["hosts/cloudflare/node_modules/wrangler/bin/wrangler.js", "deploy", "--dry-run"])?;
        command.args(["--config", &config]).env("WRANGLER_SEND_METRICS", "false").env("CI", "true");
        run(&mut command)?;
    }
    Ok(())
}

/// The host on this machine, until its standard input is closed; what it prints first says where it listens.
pub fn host(arguments: &[&str]) -> Result<Command, Failure> {
    let mut command = node(&["hosts/cloudflare/harness/start.mjs"])?;
    command.args(arguments);
    Ok(command)
}

fn node(arguments: &[&str]) -> Result<Command, Failure> {
    Ok(program(&node_for_workers()?.to_string_lossy(), arguments))
}

/// Builds `workers`, prints their sizes, and refuses one that is too large.
pub fn workers(workers: &[Worker], kind: Kind) -> Result<(), Failure> {
    compile(workers, kind)?;
    let changed: Vec<Worker> = workers.iter().filter(|worker| worker.is_stale(kind)).copied().collect();
    if !changed.is_empty() {
        bind(&changed, kind)?;
        pack(&changed, kind)?;
    }
    report(workers, kind)
}

impl Worker {
    fn wasm(self, kind: Kind) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let profile = if kind == Kind::Deployed { "worker" } else { "debug" };
        let file = format!("{}.wasm", self.package.replace('-', "_"));
        root().join(target).join("wasm32-unknown-unknown").join(profile).join(file)
    }

    /// Where the bound files stand that are packed.
    fn glue(self) -> PathBuf {
        root().join("target/cloudflare/.glue").join(self.name)
    }

    /// What is deployed.
    fn folder(self) -> PathBuf {
        root().join("target/cloudflare").join(self.name)
    }

    /// What it was packed from, and the sizes that came of it.
    fn stamp(self) -> PathBuf {
        self.glue().join("packed")
    }

    /// Everything the packed files follow from, by age and size.
    fn origin(self, kind: Kind) -> String {
        let tools = root().join("hosts/cloudflare");
        let shim = fs::read_dir(tools.join("shim")).into_iter().flatten().flatten().map(|file| file.path());
        let named =
            [self.wasm(kind), root().join("Cargo.lock"), tools.join("bundle.mjs"), tools.join("package-lock.json")];
        let mut looks: Vec<String> = named.into_iter().chain(shim).map(|path| look(&path)).collect();
        looks.sort();
        looks.join(" ")
    }

    fn is_stale(self, kind: Kind) -> bool {
        let packed = fs::read_to_string(self.stamp()).unwrap_or_default();
        packed.lines().next() != Some(&self.origin(kind)) || !self.folder().join("index.js").is_file()
    }

    /// Its bytes, as they are and as gzip.
    fn sizes(self) -> Option<(u64, u64)> {
        let packed = fs::read_to_string(self.stamp()).ok()?;
        let (raw, gzip) = packed.lines().nth(1)?.split_once(' ')?;
        Some((raw.parse().ok()?, gzip.parse().ok()?))
    }
}

/// A file's name, size and age; enough to see that it is another one.
fn look(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let about = fs::metadata(path).ok();
    let age = about.as_ref().and_then(|about| about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok());
    format!("{name}:{}:{}", about.map_or(0, |about| about.len()), age.unwrap_or_default().as_nanos())
}

fn compile(workers: &[Worker], kind: Kind) -> Result<(), Failure> {
    let mut command = cargo(&["build", "--target", "wasm32-unknown-unknown"]);
    if kind == Kind::Deployed {
        command.args(["--profile", "worker"]);
    }
    run(command.args(workers.iter().flat_map(|worker| ["--package", worker.package])))
}

fn bind(workers: &[Worker], kind: Kind) -> Result<(), Failure> {
    let mut command = cargo(&["run", "--quiet", "--package", "xtask-bundle", "--"]);
    run(command.args(workers.iter().flat_map(|worker| [worker.wasm(kind), worker.glue()])))
}

/// All at once: each is a program of one thread, and the optimiser takes its time.
fn pack(workers: &[Worker], kind: Kind) -> Result<(), Failure> {
    let pack_one = |worker: Worker| {
        let mut command = node(&["hosts/cloudflare/bundle.mjs"])?;
        command.args([worker.glue(), worker.folder()]);
        command.args((kind == Kind::Quick).then_some("--fast"));
        let sizes = output(&mut command)?;
        let stamp = worker.stamp();
        fs::write(&stamp, format!("{}\n{sizes}", worker.origin(kind)))
            .map_err(|error| Failure::environment(format!("cannot write {}: {error}", stamp.display())))
    };
    thread::scope(|scope| {
        let running: Vec<_> = workers.iter().map(|worker| scope.spawn(|| pack_one(*worker))).collect();
        running.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err(Failure::check("packing stopped"))))
    })
}

fn report(workers: &[Worker], kind: Kind) -> Result<(), Failure> {
    println!("{:<20} {:>10} {:>10} {:>10}", "worker", "bytes", "gzip", "at most");
    let mut over = Vec::new();
    for worker in workers {
        let (raw, gzip) = worker.sizes().ok_or_else(|| Failure::check(format!("{} has no sizes", worker.name)))?;
        // What is built quickly is not measured by it.
        let most = if kind == Kind::Deployed { worker.gzip_max.to_string() } else { "-".to_owned() };
        println!("{:<20} {raw:>10} {gzip:>10} {most:>10}", worker.name);
        if gzip > worker.gzip_max {
            over.push(worker.name);
        }
    }
    match (kind, over.as_slice()) {
        (Kind::Quick, _) | (_, []) => Ok(()),
        (Kind::Deployed, over) => Err(Failure::check(format!("too large as gzip: {}", over.join(", ")))),
    }
}
