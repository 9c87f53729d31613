//! Snapshots of a large workspace: what they write, how large their chunks are, and what reading the past costs.

use crate::desk::{Desk, block_on};
use crate::report::{Report, Target, median};
use kernel::hash::{Domain, hash};
use kernel::id::{Id, Role};
use kernel::key::{Key, Space};
use kernel::snapshot::CHUNKS_SPACE;
use ports::{SnapshotView, Store as _};
use sequencer::Making;
use serde_json::json;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Instant;
use store_libsql::LibsqlStore;
use tempfile::TempDir;

const TASKS: usize = 100_000;
const CHANGED: usize = 100;
const NOW_MS: u64 = 1_800_000_000_000;
const READS: usize = 200;

pub fn run(report: &mut Report) -> Result<(), String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    block_on(async {
        let store = LibsqlStore::open(dir.path()).map_err(|why| why.to_string())?;
        let mut desk = Desk::create(Rc::new(store.another()), 1).await?;
        let (agent, _) = desk.staff().await?;
        let tasks = filled(&mut desk).await?;
        let full = full(report, &mut desk, &store).await?;
        let middle = TASKS / 2;
        let side_by_side = tasks.get(middle..middle + CHANGED).unwrap_or_default().to_vec();
        let written = after_changes(&mut desk, agent, &side_by_side).await?.written as f64;
        let clustered = "written by a snapshot after 100 of 100,000 tasks changed side by side, of a full one";
        report.row(clustered, written / full.written as f64, "ratio", full.written as f64, Target::AtMost(0.005));
        let at_random: Vec<Id> = scattered().into_iter().filter_map(|nth| tasks.get(nth).copied()).collect();
        let last = after_changes(&mut desk, agent, &at_random).await?;
        let random = "written by a snapshot after 100 of 100,000 tasks changed at random, of a full one";
        report.row(
            random,
            last.written as f64 / full.written as f64,
            "ratio",
            full.written as f64,
            Target::AtMost(0.06),
        );
        reads(report, &mut desk, &store, &full, &tasks).await?;
        past(report, &mut desk, &last).await?;
        let (to, between) = ("to a snapshot", "to between two snapshots");
        let desk = restored(report, desk, &store, to, full.pos, Target::AtMost(1.0)).await?;
        restored(report, desk, &store, between, last.pos - 1, Target::AtMost(1.0)).await.map(drop)
    })
}

async fn filled(desk: &mut Desk) -> Result<Vec<Id>, String> {
    let mut tasks = Vec::with_capacity(TASKS);
    while tasks.len() < TASKS {
        let jobs: Result<Vec<_>, String> = (0..64.min(TASKS - tasks.len()))
            .map(|nth| desk.job("task.create", &json!({ "title": crate::desk::title(tasks.len() + nth) })))
            .collect();
        let replies = desk.submit(&jobs?).await?;
        tasks.extend(replies.iter().flat_map(|reply| &reply.made).filter(|id| id.role == Role::Task));
    }
    Ok(tasks)
}

/// The first snapshot, of all rows: how long a slice of it holds commands up, and how large its chunks are.
async fn full(report: &Report, desk: &mut Desk, store: &LibsqlStore) -> Result<SnapshotView, String> {
    let (mut slices, began) = (Vec::new(), Instant::now());
    let made = loop {
        let slice = Instant::now();
        let making = desk.sequencer.snapshot_slice(false, NOW_MS).await.map_err(|why| format!("{why:?}"))?;
        slices.push(slice.elapsed().as_secs_f64() * 1e3);
        if let Making::Made(view) = making {
            break view;
        }
    };
    report.row("a full snapshot of 100,000 tasks", began.elapsed().as_secs_f64(), "s", made.rows as f64, Target::None);
    let longest = slices.iter().copied().fold(0.0, f64::max);
    report.row("longest slice of it, between which commands go on", longest, "ms", slices.len() as f64, Target::None);
    let chunks = store.range(&desk.workspace.to_string(), CHUNKS_SPACE, "", "~", usize::MAX >> 1).await;
    let sizes: Vec<f64> =
        chunks.map_err(|why| why.to_string())?.iter().map(|(_, row)| row.value.len() as f64).collect();
    let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
    report.row("mean chunk of it is at least", mean, "bytes", sizes.len() as f64, Target::AtLeast(8192.0));
    report.row("mean chunk of it is at most", mean, "bytes", sizes.len() as f64, Target::AtMost(16384.0));
    Ok(made)
}

async fn after_changes(desk: &mut Desk, agent: Id, tasks: &[Id]) -> Result<SnapshotView, String> {
    for some in tasks.chunks(50) {
        let jobs: Result<Vec<_>, String> = some
            .iter()
            .map(|task| desk.job("task.ask", &json!({ "agent": agent, "task": task, "prompt": "and now?" })))
            .collect();
        desk.submit(&jobs?).await?;
    }
    desk.sequencer.snapshot(false, NOW_MS).await.map_err(|why| format!("{why:?}"))
}

/// Places of tasks, each once and none like the other.
fn scattered() -> BTreeSet<usize> {
    let mut places = BTreeSet::new();
    for nth in 0_u64.. {
        let [a, b, c, d, ..] = hash(Domain::Identity, &[b"place", &nth.to_be_bytes()]);
        places.insert(u32::from_be_bytes([a, b, c, d]) as usize % TASKS);
        if places.len() == CHANGED {
            break;
        }
    }
    places
}

/// One row as it was at a snapshot, of one row as it is, each as if nothing had been read before.
async fn reads(
    report: &Report,
    desk: &mut Desk,
    store: &LibsqlStore,
    at: &SnapshotView,
    tasks: &[Id],
) -> Result<(), String> {
    let manifest = desk.sequencer.snapshot_at(at.pos).await.map_err(|why| format!("{why:?}"))?;
    let name = desk.workspace.to_string();
    let (mut then, mut now) = (Vec::new(), Vec::new());
    for task in tasks.iter().step_by(TASKS / READS) {
        let key = Key::Task(*task);
        let began = Instant::now();
        let found = desk.sequencer.read_at(&manifest, Space::MAIN, &[key.to_string()]).await;
        then.push(began.elapsed().as_secs_f64());
        if found.map_err(|why| format!("{why:?}"))?.iter().any(Option::is_none) {
            return Err(format!("{key} is not in the snapshot"));
        }
        let began = Instant::now();
        store.rows(&name, &[key.address(Space::MAIN)]).await.map_err(|why| why.to_string())?;
        now.push(began.elapsed().as_secs_f64());
    }
    let (then, now) = (median(then), median(now));
    report.row(
        "a row read as it was at a snapshot, of one read as it is",
        then / now,
        "ratio",
        now * 1e6,
        Target::None,
    );
    Ok(())
}

/// The whole workspace as it was, from a snapshot and from empty.
async fn past(report: &Report, desk: &mut Desk, at: &SnapshotView) -> Result<(), String> {
    let began = Instant::now();
    let past = desk.sequencer.past(at.pos).await.map_err(|why| format!("{why:?}"))?;
    let from_snapshot = began.elapsed().as_secs_f64();
    if past.from != Some(at.pos) {
        return Err("the snapshot was not used".to_owned());
    }
    drop(past);
    report.row("all of it as it was at a snapshot, in memory", from_snapshot, "s", at.rows as f64, Target::None);
    Ok(())
}

/// Going back to `pos`, by a host that was just started: until the first command on what was there is answered.
async fn restored(
    report: &Report,
    desk: Desk,
    store: &LibsqlStore,
    what: &str,
    pos: u64,
    target: Target,
) -> Result<Desk, String> {
    let began = Instant::now();
    let mut desk = desk.again(Rc::new(store.another())).await?;
    desk.must("branch.restore", &json!({ "pos": pos })).await?;
    let went = began.elapsed().as_secs_f64();
    desk.tasks(1, 1).await?;
    let row = format!("going back {what} of 100,000 tasks, until the first command is done");
    report.row(&row, began.elapsed().as_secs_f64(), "s", went, target);
    Ok(desk)
}
