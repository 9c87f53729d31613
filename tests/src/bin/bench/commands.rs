//! Durable commands on one workspace, over HTTP, against raw libSQL writing the same rows.

use crate::cpu;
use crate::desk::{Desk, block_on, title};
use crate::http::Client;
use crate::raw::Raw;
use crate::report::{Report, Target, median};
use crate::server::Server;
use kernel::id::WorkspaceId;
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
/// Commands per transaction of the baseline.
const TOGETHER: usize = 32;
const SEQUENTIAL: usize = 1_500;

/// Rate a second, and CPU seconds a command.
#[derive(Clone, Copy)]
pub struct Speed {
    pub rate: f64,
    cpu: f64,
}

pub fn run(report: &mut Report) -> Result<(), String> {
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let server = Server::start(data.path())?;
    let base = begin(&server)?;
    let batches = batches()?;
    let (mut ours, mut raws, mut noops) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        raws.push(raw(&batches)?);
        ours.push(commands(&server, &base, round)?);
        noops.push(noop(&server)?);
    }
    let rate = |speeds: &[Speed]| median(speeds.iter().map(|speed| speed.rate).collect());
    let cpu = |speeds: &[Speed]| median(speeds.iter().map(|speed| speed.cpu).collect());
    let ratio = |of: fn(&Speed) -> f64| median(ours.iter().zip(&raws).map(|(our, raw)| of(our) / of(raw)).collect());
    report.row(
        "durable commands/s, 32 clients over HTTP, of raw libSQL",
        ratio(|it| it.rate),
        "ratio",
        rate(&raws),
        Target::AtLeast(0.5),
    );
    report.row("durable commands/s, 32 clients over HTTP", rate(&ours), "1/s", rate(&raws), Target::None);
    report.row(
        "CPU per command, HTTP included, of the raw insert",
        ratio(|it| it.cpu),
        "ratio",
        cpu(&raws) * 1e6,
        Target::AtMost(2.5),
    );
    report.row("CPU per command, HTTP included", cpu(&ours) * 1e6, "µs", cpu(&raws) * 1e6, Target::None);
    report.row("HTTP no-op, 32 clients", rate(&noops), "1/s", rate(&raws), Target::None);
    sequential(report, &server, &base)
}

/// Make a workspace; gives the path of its commands.
pub fn begin(server: &Server) -> Result<String, String> {
    let mut client = Client::connect(&server.address, &server.token)?;
    let id = WorkspaceId::new(&[9; 32], &[9; 16]);
    client.json("POST", "/v1/workspaces", "begin", &json!({ "id": id, "name": "bench" }))?;
    Ok(format!("/v1/workspaces/{id}/commands"))
}

/// What the product writes for batches of 32 commands.
fn batches() -> Result<Vec<Batch>, String> {
    block_on(async {
        let recorder = crate::recorder::Recorder::new(MemoryStore::default());
        let mut desk = Desk::create(Rc::new(recorder.clone()), 1).await?;
        recorder.clear();
        desk.tasks(TOGETHER * 1_600, TOGETHER).await?;
        Ok(recorder.batches())
    })
}

fn raw(batches: &[Batch]) -> Result<Speed, String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let database = block_on(Raw::open(dir.path())).map_err(|why| why.to_string())?;
    let (began, cpu) = (Instant::now(), cpu::seconds("self")?);
    let mut commands = 0.0;
    for batch in batches {
        block_on(database.write(batch)).map_err(|why| why.to_string())?;
        commands += TOGETHER as f64;
        if began.elapsed() > ROUND {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let used = cpu::seconds("self")? - cpu;
    if block_on(database.count()).map_err(|why| why.to_string())? == 0 {
        return Err("the baseline wrote nothing".to_owned());
    }
    Ok(Speed { rate: commands / seconds, cpu: used / commands })
}

fn commands(server: &Server, path: &str, round: usize) -> Result<Speed, String> {
    load(server, &|client, nth| {
        let body = json!({ "commands": [{ "type": "task.create", "data": { "title": title(nth as usize) } }] });
        let (status, answer) = client.send("POST", path, &format!("bench-{round}-{nth}"), &body.to_string())?;
        if status == 200 { Ok(()) } else { Err(String::from_utf8_lossy(&answer).into_owned()) }
    })
}

fn noop(server: &Server) -> Result<Speed, String> {
    load(server, &|client, _| match client.send("GET", "/health", "-", "")? {
        (200, _) => Ok(()),
        (status, _) => Err(format!("health is {status}")),
    })
}

/// Keep 32 clients busy for a while.
pub fn load(
    server: &Server,
    request: &(dyn Fn(&mut Client, u64) -> Result<(), String> + Sync),
) -> Result<Speed, String> {
    let next = AtomicU64::new(0);
    let (began, cpu) = (Instant::now(), cpu::seconds(&server.pid())?);
    let work = || -> Result<(), String> {
        let mut client = Client::connect(&server.address, &server.token)?;
        while began.elapsed() < ROUND {
            request(&mut client, next.fetch_add(1, Ordering::Relaxed))?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(work)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| "a client panicked".to_owned())?)
    })?;
    let done = next.load(Ordering::Relaxed) as f64;
    Ok(Speed { rate: done / began.elapsed().as_secs_f64(), cpu: (cpu::seconds(&server.pid())? - cpu) / done })
}

/// One client, one command after the other, in turns with single-row inserts.
fn sequential(report: &Report, server: &Server, path: &str) -> Result<(), String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let database = block_on(Raw::open(dir.path())).map_err(|why| why.to_string())?;
    let mut client = Client::connect(&server.address, &server.token)?;
    let (mut ours, mut raws) = (Vec::new(), Vec::new());
    for nth in 0..SEQUENTIAL {
        let began = Instant::now();
        block_on(database.one(nth as u64)).map_err(|why| why.to_string())?;
        raws.push(began.elapsed().as_secs_f64());
        let body: Value = json!({ "commands": [{ "type": "task.create", "data": { "title": title(nth) } }] });
        let text = body.to_string();
        let began = Instant::now();
        let (status, answer) = client.send("POST", path, &format!("sequential-{nth}"), &text)?;
        ours.push(began.elapsed().as_secs_f64());
        if status != 200 {
            return Err(String::from_utf8_lossy(&answer).into_owned());
        }
    }
    let (our, raw) = (median(ours), median(raws));
    report.row(
        "sequential durable command over HTTP, p50, of a raw single-row insert",
        our / raw,
        "ratio",
        raw * 1e6,
        Target::AtMost(3.0),
    );
    report.row("sequential durable command over HTTP, p50", our * 1e6, "µs", raw * 1e6, Target::None);
    Ok(())
}
