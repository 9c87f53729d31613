//! The kinds of host side by side: what a durable command costs beside a question that goes the same way and changes
//! nothing. Each is measured against itself, because one serves with a runtime of JavaScript in front, and another with new
//! instances of components for every request.

use crate::report::{Report, Target, median};
use crate::server::SERVE;
use crate::statement;
use kernelos_tests::crash::{Answer, Client};
use kernelos_tests::hosts::{Kind, Ready, Running, Wasi, Workerd, memory};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Requests of each kind that one client sends, one after the other.
const SEQUENTIAL: usize = 400;
/// Clients that are busy at once, and for how long, in how many rounds.
const WRITERS: usize = 32;
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;
/// Workspaces that are open when memory is looked at, besides the one that was measured.
const OPEN: usize = 20;

/// This program itself as a host.
struct Serve;

impl Kind for Serve {
    fn command(&self, dir: &Path, _: u16) -> Result<Command, String> {
        let mut command = Command::new(std::env::current_exe().map_err(|why| why.to_string())?);
        command.arg(SERVE).arg(dir.join("data"));
        Ok(command)
    }

    fn ready(&self, child: &mut Child, _: &Path) -> Option<Ready> {
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let (address, token) = line.trim().split_once(' ')?;
        Some(Ready { address: address.parse().ok()?, token: token.to_owned(), others: Vec::new() })
    }

    fn verify(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }
}

/// What was measured of one host.
#[derive(Default)]
struct Measured {
    starts_ms: f64,
    first_ms: f64,
    first_command_ms: f64,
    noop: Spread,
    command: Spread,
    health: Spread,
    noops: Load,
    commands: Load,
    mib: f64,
}

/// What many clients had at once.
#[derive(Default)]
struct Load {
    per_s: f64,
    p99_ms: f64,
    /// What the client that was served least had, of what the one that was served most had.
    least_of_most: f64,
}

impl Load {
    /// The middle of several rounds, for each number.
    fn middle(rounds: &[Self]) -> Self {
        let of = |number: fn(&Self) -> f64| median(rounds.iter().map(number).collect());
        Self { per_s: of(|it| it.per_s), p99_ms: of(|it| it.p99_ms), least_of_most: of(|it| it.least_of_most) }
    }
}

/// Milliseconds: what half takes at most, and what all but one in a hundred do.
#[derive(Default)]
struct Spread {
    p50: f64,
    p99: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get((values.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
        Self { p50: at(0.5), p99: at(0.99) }
    }
}

pub fn run(report: &mut Report) -> Result<(), String> {
    statement::run(report)?;
    let hosts: [(&str, &dyn Kind); 3] = [("native", &Serve), ("workerd", &Workerd), ("wasi", &Wasi)];
    let mut measured = Vec::new();
    for (name, kind) in hosts {
        eprintln!("measuring {name} …");
        let found = measure(kind)?;
        rows(report, name, &found);
        measured.push((name, found));
    }
    report.table(&table(&measured));
    Ok(())
}

fn measure(kind: &dyn Kind) -> Result<Measured, String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let began = Instant::now();
    let host = Running::start(kind, dir.path(), 0)?;
    let mut found = Measured { starts_ms: ms(began), ..Measured::default() };
    let mut client = host.client();
    found.first_ms = timed(|| sent(client.get("/health")))?;
    let began = Instant::now();
    let workspace = begin(&mut client, "bench")?;
    found.first_command_ms = ms(began);
    sequential(&mut client, &workspace, &mut found)?;
    let (mut noops, mut commands) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        noops.push(load(&host, &|client, _| noop(client, &workspace))?);
        commands.push(load(&host, &|client, nth| command(client, &workspace, &format!("load-{round}-{nth}")))?);
    }
    (found.noops, found.commands) = (Load::middle(&noops), Load::middle(&commands));
    // A host closes a connection on which nothing came for a while.
    let mut client = host.client();
    for nth in 0..OPEN {
        let workspace = begin(&mut client, &format!("open-{nth}"))?;
        command(&mut client, &workspace, "open")?;
    }
    found.mib = host.pids().into_iter().filter_map(memory).sum::<u64>() as f64 / f64::from(1 << 20);
    host.kill();
    Ok(found)
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

fn timed(ask: impl FnOnce() -> Result<(), String>) -> Result<f64, String> {
    let began = Instant::now();
    ask().map(|()| ms(began))
}

fn sent(answer: std::io::Result<Answer>) -> Result<(), String> {
    let answer = answer.map_err(|why| why.to_string())?;
    if (200..300).contains(&answer.status) { Ok(()) } else { Err(format!("{}: {}", answer.status, answer.json())) }
}

/// A new workspace.
fn begin(client: &mut Client, name: &str) -> Result<String, String> {
    let body = json!({ "name": name }).to_string();
    let made = client.post("/v1/workspaces", name, body.as_bytes()).map_err(|why| why.to_string())?;
    let id = made.text("/id");
    if id.is_empty() { Err(format!("no workspace was made: {}", made.json())) } else { Ok(id) }
}

/// Through the gateway to the sequencer of the workspace and back: nothing waits there for a runtime, and nothing changes.
fn noop(client: &mut Client, workspace: &str) -> Result<(), String> {
    sent(client.get(&format!("/v1/workspaces/{workspace}/effects?limit=1")))
}

/// The same way, and durable when it is answered.
fn command(client: &mut Client, workspace: &str, key: &str) -> Result<(), String> {
    let data: Value = json!({ "title": format!("what is measured, {key}") });
    sent(client.command(workspace, key, "task.create", &data))
}

/// One client, in turns: the smallest question there is, a question to a workspace, a command.
fn sequential(client: &mut Client, workspace: &str, found: &mut Measured) -> Result<(), String> {
    let (mut health, mut noops, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    for nth in 0..SEQUENTIAL {
        health.push(timed(|| sent(client.get("/health")))?);
        noops.push(timed(|| noop(client, workspace))?);
        commands.push(timed(|| command(client, workspace, &format!("sequential-{nth}")))?);
    }
    (found.health, found.noop, found.command) = (Spread::of(health), Spread::of(noops), Spread::of(commands));
    Ok(())
}

/// Keep many clients busy for a while, and see how they are served.
fn load(host: &Running, request: &(dyn Fn(&mut Client, u64) -> Result<(), String> + Sync)) -> Result<Load, String> {
    let (next, began) = (AtomicU64::new(0), Instant::now());
    let work = || -> Result<Vec<f64>, String> {
        let (mut client, mut took) = (host.client(), Vec::new());
        while began.elapsed() < ROUND {
            took.push(timed(|| request(&mut client, next.fetch_add(1, Ordering::Relaxed)))?);
        }
        Ok(took)
    };
    let served = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..WRITERS).map(|_| scope.spawn(work)).collect();
        let ended = clients.into_iter().map(|client| client.join().map_err(|_| "a client panicked".to_owned())?);
        ended.collect::<Result<Vec<_>, String>>()
    })?;
    let per_s = next.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    let counts = || served.iter().map(Vec::len);
    let least_of_most = counts().min().unwrap_or_default() as f64 / counts().max().unwrap_or_default() as f64;
    Ok(Load { per_s, p99_ms: Spread::of(served.concat()).p99, least_of_most })
}

/// What is promised is promised of Workers. The program writes to the disk in a request that asks for nothing else, which
/// has a target of its own in the group `commands`.
fn rows(report: &Report, name: &str, found: &Measured) {
    let (sequential, together) = match name {
        "workerd" => (Target::AtMost(2.0), Target::AtLeast(0.9)),
        _ => (Target::None, Target::None),
    };
    let row = |what: &str, value, unit, baseline, target| {
        report.row(&format!("{name}: {what}"), value, unit, baseline, target)
    };
    row(
        "durable command, p50, of a no-op",
        found.command.p50 / found.noop.p50,
        "ratio",
        found.noop.p50 * 1e3,
        sequential,
    );
    let rate = found.commands.per_s / found.noops.per_s;
    row("commands of 32 writers, of no-ops by 32", rate, "ratio", found.noops.per_s, together);
    if name == "wasi" {
        row("call of a component with a new instance, p50", found.health.p50, "ms", 0.0, Target::AtMost(3.0));
        row("commands of 32 writers on one head, p99", found.commands.p99_ms, "ms", 0.0, Target::AtMost(500.0));
        row(
            "writer served least, of the one served most",
            found.commands.least_of_most,
            "ratio",
            1.0,
            Target::AtLeast(0.5),
        );
    }
}

/// Every measurement, the hosts side by side.
fn table(measured: &[(&str, Measured)]) -> String {
    type Column = fn(&Measured) -> f64;
    let lines: [(&str, Column); 15] = [
        ("process starts, ms", |it| it.starts_ms),
        ("first request, ms", |it| it.first_ms),
        ("first workspace, ms", |it| it.first_command_ms),
        ("smallest request p50, ms", |it| it.health.p50),
        ("no-op p50, ms", |it| it.noop.p50),
        ("no-op p99, ms", |it| it.noop.p99),
        ("durable command p50, ms", |it| it.command.p50),
        ("durable command p99, ms", |it| it.command.p99),
        ("command of no-op, p50", |it| it.command.p50 / it.noop.p50),
        ("no-ops at 32 clients, /s", |it| it.noops.per_s),
        ("commands at 32 writers, /s", |it| it.commands.per_s),
        ("commands of no-ops at 32", |it| it.commands.per_s / it.noops.per_s),
        ("p99 of 32 writers, ms", |it| it.commands.p99_ms),
        ("least served of most served", |it| it.commands.least_of_most),
        ("resident memory, MiB", |it| it.mib),
    ];
    let mut text = format!("\n{:<28}", "");
    text.extend(measured.iter().map(|(name, _)| format!(" {name:>12}")));
    for (what, column) in lines {
        text += &format!("\n{what:<28}");
        text.extend(measured.iter().map(|(_, found)| format!(" {:>12.2}", column(found))));
    }
    text
}
