//! A loop over ten thousand items: whether every turn costs the same, in time and in bytes.
//!
//! The sequencer is driven directly over its store, command by command, as a host's runtime would: `run.start`, then
//! `timers.fire` until nothing is due. A command makes a fixed number of moves, so its time tells what a turn takes.

use super::office::source;
use crate::cpu;
use crate::desk::{Desk, block_on, made};
use crate::recorder::Recorder;
use crate::report::{Report, Target, median};
use kernel::id::Role;
use ports::views::TaskStatus;
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::Instant;
use store_libsql::LibsqlStore;
use tempfile::TempDir;

const ITEMS: usize = 10_000;
const FEWER: usize = 1_000;
/// Turns that are looked at together.
const WINDOW: usize = 500;
/// What a turn may cost among ten times as many. Were a turn to look at all the items it would be ten; the state map of a
/// workspace with ten times as many rows is a level deeper, so one is not to be had where turns make rows.
const GROWTH: f64 = 2.0;
/// The same for bytes.
const BYTES_GROWTH: f64 = 1.5;

/// What one loop took.
struct Loop {
    /// Seconds of each command.
    commands: Vec<f64>,
    items: usize,
    /// CPU seconds of all of it: what a busy machine does beside it is not in them.
    cpu: f64,
    bytes: f64,
    events: f64,
}

impl Loop {
    /// Seconds a turn.
    fn turn(&self) -> f64 {
        self.commands.iter().sum::<f64>() / self.items as f64
    }

    /// Times of commands, together for about [`WINDOW`] turns, without the first and the last: the one takes the input
    /// in, the other has less to do.
    fn windows(&self) -> Vec<f64> {
        let each = (self.commands.len() * WINDOW / self.items).max(1);
        let inner = self.commands.get(1..self.commands.len().saturating_sub(1)).unwrap_or_default();
        inner.chunks_exact(each).map(|window| window.iter().sum::<f64>() / each as f64).collect()
    }
}

pub fn run(report: &mut Report) -> Result<(), String> {
    let set = json!([{ "note": { "set": { "nr": "${ $item.nr }", "at": "${ $index }" } } }]);
    let write = json!([{ "note": { "call": "documents.write", "with": {
        "path": "${ \"items/\" + ($item.nr | tostring) }", "text": "${ $item.text }" } } }]);
    for (name, body) in [("set", set), ("documents.write", write)] {
        // The first loop of a process pays for its memory and its pages.
        block_on(turns(&body, FEWER))?;
        let few = block_on(turns(&body, FEWER))?;
        let many = block_on(turns(&body, ITEMS))?;
        rows(report, name, &few, &many);
    }
    Ok(())
}

fn rows(report: &Report, name: &str, few: &Loop, many: &Loop) {
    let windows = many.windows();
    let first = windows.first().copied().unwrap_or(f64::NAN);
    let worst = windows.iter().copied().fold(0.0, f64::max);
    let last = windows.last().copied().unwrap_or(f64::NAN);
    let row = |what: &str, value: f64, unit: &str, baseline: f64, target: Target| {
        report.row(&format!("for over 10,000 items, {name}: {what}"), value, unit, baseline, target);
    };
    row("slowest 500 turns, of the first 500", worst / first, "ratio", first * 1e3, Target::AtMost(3.0));
    row("last 500 turns, of the first 500", last / first, "ratio", first * 1e3, Target::None);
    let median = median(many.commands.clone());
    let slowest = many.commands.iter().copied().fold(0.0, f64::max);
    row("slowest command, of the median one", slowest / median, "ratio", median * 1e3, Target::None);
    row(
        "time a turn, of that over 1,000 items",
        many.turn() / few.turn(),
        "ratio",
        few.turn() * 1e6,
        Target::AtMost(GROWTH),
    );
    let (cpu, before) = (many.cpu / many.items as f64, few.cpu / few.items as f64);
    row("CPU a turn, of that over 1,000 items", cpu / before, "ratio", before * 1e6, Target::AtMost(GROWTH));
    row("time a turn", many.turn() * 1e6, "µs", few.turn() * 1e6, Target::None);
    let (bytes, before) = (many.bytes / many.items as f64, few.bytes / few.items as f64);
    row("bytes a turn, of that over 1,000 items", bytes / before, "ratio", before, Target::AtMost(BYTES_GROWTH));
    row("events a turn", many.events / many.items as f64, "events", few.events / few.items as f64, Target::None);
}

/// One run whose loop does `body` for each of so many items.
async fn turns(body: &Value, items: usize) -> Result<Loop, String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let recorder = Recorder::new(LibsqlStore::open(dir.path()).map_err(|why| why.to_string())?);
    let mut desk = Desk::create(Rc::new(recorder.clone()), 1).await?;
    let tasks = json!([{ "each": { "for": { "in": "${ .items }" }, "do": body } }]);
    let reply = desk.must("workflow.define", &json!({ "source": source("loop", &tasks) })).await?;
    let workflow = made(&reply, Role::Workflow)?;
    let list: Vec<Value> = (0..items).map(|nr| json!({ "nr": nr, "text": format!("ticket {nr}") })).collect();
    recorder.clear();
    let mut it = Loop { commands: Vec::new(), items, cpu: 0.0, bytes: 0.0, events: 0.0 };
    let start = json!({ "workflow": workflow, "input": { "items": list } });
    let reply = timed(&mut desk, &recorder, &mut it, "run.start", &start).await?;
    let task = made(&reply, Role::Task)?;
    while desk.sequencer.next_due().await.map_err(|why| format!("{why:?}"))?.is_some() {
        timed(&mut desk, &recorder, &mut it, "timers.fire", &json!({})).await?;
    }
    let view = desk.sequencer.task(task).await.map_err(|why| format!("{why:?}"))?;
    match view.map(|view| view.summary.status) {
        Some(TaskStatus::Done) => Ok(it),
        other => Err(format!("the loop did not come to its end: {other:?}")),
    }
}

async fn timed(
    desk: &mut Desk,
    recorder: &Recorder<LibsqlStore>,
    it: &mut Loop,
    name: &str,
    data: &Value,
) -> Result<kernel::machine::Reply, String> {
    let job = desk.job(name, data)?;
    let (began, cpu) = (Instant::now(), cpu::thread_seconds()?);
    let reply = desk.submit(&[job]).await?.pop().ok_or("there was no reply")?;
    it.commands.push(began.elapsed().as_secs_f64());
    it.cpu += cpu::thread_seconds()? - cpu;
    for batch in recorder.batches() {
        it.events += batch.events.len() as f64;
        it.bytes += batch.events.iter().map(|event| (event.body.len() + event.sealed.len()) as f64).sum::<f64>();
        it.bytes += batch.writes.iter().map(|(_, write)| size(write)).sum::<f64>();
    }
    Ok(reply)
}

fn size(write: &kernel::storage::Write) -> f64 {
    match write {
        kernel::storage::Write::Put(row) | kernel::storage::Write::Insert(row) => row.value.len() as f64,
        kernel::storage::Write::Delete => 0.0,
    }
}
