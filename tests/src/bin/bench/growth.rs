//! How much a workspace grows per step, against the bytes that were appended to its log.

use crate::desk::{Desk, block_on, boot, made};
use crate::recorder::Recorder;
use crate::report::{Report, Target};
use kernel::id::{Id, Role, RuntimeId};
use serde_json::json;
use std::path::Path;
use std::rc::Rc;
use store_libsql::LibsqlStore;
use tempfile::TempDir;

const FROM: usize = 1_000;
const HALF: usize = 5_500;
const TO: usize = 10_000;

pub fn run(report: &mut Report) -> Result<(), String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let (first, second, bytes) = block_on(grown(dir.path()))?;
    report.row(
        "disk growth per step, steps 1,000 to 10,000, of bytes appended",
        (first + second) / bytes,
        "ratio",
        bytes / 9_000.0,
        Target::AtMost(2.0),
    );
    report.row(
        "growth of the later half, of the earlier half (flat is 1)",
        second / first,
        "ratio",
        first / 4_500.0,
        Target::AtMost(1.1),
    );
    Ok(())
}

/// Growth of the file over both halves, and bytes appended to the log meanwhile.
async fn grown(dir: &Path) -> Result<(f64, f64, f64), String> {
    let store = LibsqlStore::open(dir).map_err(|why| why.to_string())?;
    let recorder = Recorder::new(store);
    let mut desk = Desk::create(Rc::new(recorder.clone()), 1).await?;
    let (agent, runtime) = desk.staff().await?;
    let mut task = None;
    let name = desk.workspace.to_string();
    let (mut appended, mut sizes) = (0.0, Vec::new());
    for nth in 1..=TO {
        recorder.clear();
        step(&mut desk, agent, runtime, &mut task, nth).await?;
        if nth > FROM {
            appended += recorder
                .batches()
                .iter()
                .flat_map(|batch| &batch.events)
                .map(|it| (it.body.len() + it.sealed.len()) as f64)
                .sum::<f64>();
        }
        if [FROM, HALF, TO].contains(&nth) {
            recorder.inner().checkpoint(&name).map_err(|why| why.to_string())?;
            let file = std::fs::metadata(dir.join(format!("{name}.db"))).map_err(|why| why.to_string())?;
            sizes.push(file.len() as f64);
        }
    }
    match sizes.as_slice() {
        [a, b, c] => Ok((b - a, c - b, appended)),
        _ => Err("the file was not measured".to_owned()),
    }
}

/// One step of one task: asked, leased, answered.
async fn step(desk: &mut Desk, agent: Id, runtime: RuntimeId, task: &mut Option<Id>, nth: usize) -> Result<(), String> {
    let ask = json!({ "agent": agent, "task": task, "prompt": format!("what is the state of order {nth}, and who waits for it?") });
    let asked = desk.must("task.ask", &ask).await?;
    if task.is_none() {
        *task = Some(made(&asked, Role::Task)?);
    }
    let effect = made(&asked, Role::Effect)?;
    desk.must("effect.lease", &json!({ "runtime": runtime, "boot": boot(), "ttl_ms": 1000 })).await?;
    let outcome = json!({
        "is": "answered", "text": format!("order {nth} was shipped; nobody waits for it any more."), "stop": "end",
        "input_tokens": 40, "output_tokens": 20,
    });
    let report = json!({ "runtime": runtime, "boot": boot(), "effect": effect, "fence": 1, "outcome": outcome });
    desk.must("effect.report", &report).await.map(drop)
}
