//! Whole runs of a workflow on one workspace, over HTTP, against commits of a single row.
//!
//! `two steps` is a workflow of two recorded steps that the kernel does itself: `documents.write`, then `notes.remember`
//! with what came of the first. `step and effect` writes the document and then has a runtime ask a server on this
//! machine; the client waits for its end. Each run has an input, a task, a data key and a result of its own.

use super::office::{Office, source, step_and_effect, two_steps};
use super::spread;
use super::upstream::{Script, Upstream};
use crate::desk::{Desk, block_on, made};
use crate::raw::Raw;
use crate::recorder::Recorder;
use crate::report::{Report, Target, median};
use crate::server::Server;
use kernel::id::Role;
use kernel::storage::Batch;
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use store_memory::MemoryStore;
use tempfile::TempDir;

const CLIENTS: usize = 32;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
const SEQUENTIAL: usize = 600;
/// What 700 runs a second are where a single row is committed 4,850 times a second.
const SHARE: f64 = 700.0 / 4_850.0;

/// A workflow that is measured.
struct Kind {
    name: &'static str,
    workflow: Value,
    /// Whether a run is over when its command is answered.
    at_once: bool,
}

impl Kind {
    /// One run, from its command to its end; `nth` tells it from every other.
    fn run(&self, office: &mut Office, nth: &str) -> Result<(), String> {
        let key = format!("{}-{nth}", self.name.replace(' ', "-"));
        let task = office.start(&key, &self.workflow, &json!({ "nr": key }))?;
        if self.at_once { Ok(()) } else { office.finished(&task) }
    }
}

pub fn run(report: &mut Report) -> Result<(), String> {
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let server = Server::start(data.path())?;
    let upstream = Upstream::start(Script::json())?;
    let mut office = Office::open(&server)?;
    office.allow(&upstream.address)?;
    let effect = office.define("step-and-effect", &step_and_effect(&upstream.address))?;
    let kinds = [
        Kind { name: "two steps", workflow: office.define("two-steps", &two_steps())?, at_once: true },
        Kind { name: "step and effect", workflow: effect, at_once: false },
    ];
    for (nth, kind) in kinds.iter().enumerate() {
        // That a run comes to its end is looked at once; all are alike.
        let task = office.start(&format!("first-{nth}"), &kind.workflow, &json!({ "nr": "first" }))?;
        office.finished(&task)?;
        sequential(report, &mut office, kind)?;
    }
    in_flight(report, &server, office.path(), &kinds)
}

/// One run after the other, in turns with commits of a single row.
fn sequential(report: &Report, office: &mut Office, kind: &Kind) -> Result<(), String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let database = block_on(Raw::open(dir.path())).map_err(|why| why.to_string())?;
    let (mut ours, mut raws) = (Vec::new(), Vec::new());
    for nth in 0..SEQUENTIAL {
        let began = Instant::now();
        block_on(database.one(nth as u64)).map_err(|why| why.to_string())?;
        raws.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        kind.run(office, &format!("sequential-{nth}"))?;
        ours.push(began.elapsed().as_secs_f64());
    }
    let (our, raw) = (median(ours), median(raws));
    let name = format!("{}, one after the other, p50", kind.name);
    report.row(&format!("{name}, of a raw commit"), our / raw, "commits", raw * 1e6, Target::AtMost(8.0));
    report.row(&name, our * 1e6, "µs", raw * 1e6, Target::None);
    Ok(())
}

/// 32 clients on one workspace, in turns with commits of a single row, and with the same rows written raw.
fn in_flight(report: &Report, server: &Server, path: &str, kinds: &[Kind]) -> Result<(), String> {
    let batches = batches()?;
    let (mut singles, mut wholes) = (Vec::new(), Vec::new());
    let mut ours: Vec<Vec<f64>> = kinds.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        singles.push(single_rows()?);
        wholes.push(whole_rows(&batches)?);
        for (kind, rates) in kinds.iter().zip(&mut ours) {
            rates.push(rate(server, path, kind, round)?);
        }
    }
    for (kind, rates) in kinds.iter().zip(&ours) {
        let shares: Vec<f64> = rates.iter().zip(&singles).map(|(our, raw)| our / raw).collect();
        let name = format!("{}, 32 in flight, runs/s of raw commits/s", kind.name);
        report.row(&name, median(shares.clone()), "ratio", median(singles.clone()), Target::AtLeast(SHARE));
        spread(report, &name, "ratio", &shares);
        let name = format!("{}, 32 in flight", kind.name);
        report.row(&name, median(rates.clone()), "1/s", median(singles.clone()), Target::None);
    }
    if let Some(rates) = ours.first() {
        let shares = rates.iter().zip(&wholes).map(|(our, raw)| our / raw).collect();
        let name = "two steps, 32 in flight, of raw libSQL writing the same rows";
        report.row(name, median(shares), "ratio", median(wholes), Target::None);
    }
    Ok(())
}

/// Runs a second.
fn rate(server: &Server, path: &str, kind: &Kind, round: usize) -> Result<f64, String> {
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let work = || -> Result<(), String> {
        let mut office = Office::at(server, path)?;
        while began.elapsed() < ROUND {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            kind.run(&mut office, &format!("flight-{round}-{nth}"))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(work)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| "a client panicked".to_owned())?)
    })?;
    Ok(next.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

/// Commits of a single row, a second.
fn single_rows() -> Result<f64, String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let database = block_on(Raw::open(dir.path())).map_err(|why| why.to_string())?;
    let (began, mut done) = (Instant::now(), 0u64);
    while began.elapsed() < ROUND / 2 {
        block_on(database.one(done)).map_err(|why| why.to_string())?;
        done += 1;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// Runs a second of `two steps`, if nothing but their rows had to be written, 32 runs a transaction.
fn whole_rows(batches: &[Batch]) -> Result<f64, String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let database = block_on(Raw::open(dir.path())).map_err(|why| why.to_string())?;
    let (began, mut done) = (Instant::now(), 0);
    for batch in batches {
        block_on(database.write(batch)).map_err(|why| why.to_string())?;
        done += CLIENTS;
        if began.elapsed() > ROUND / 2 {
            break;
        }
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

/// What the product writes for batches of 32 runs of `two steps`.
fn batches() -> Result<Vec<Batch>, String> {
    block_on(async {
        let recorder = Recorder::new(MemoryStore::default());
        let mut desk = Desk::create(Rc::new(recorder.clone()), 1).await?;
        let reply = desk.must("workflow.define", &json!({ "source": source("two-steps", &two_steps()) })).await?;
        let workflow = made(&reply, Role::Workflow)?;
        recorder.clear();
        for batch in 0..200 {
            let start = |nth: usize| json!({ "workflow": workflow, "input": { "nr": format!("{batch}-{nth}") } });
            let jobs: Result<Vec<_>, String> = (0..CLIENTS).map(|nth| desk.job("run.start", &start(nth))).collect();
            desk.submit(&jobs?).await?;
        }
        Ok(recorder.batches())
    })
}
