//! Opening a workspace and deciding one command: what it costs must not depend on how much ever happened.

use crate::desk::{Desk, block_on, title};
use crate::recorder::Recorder;
use crate::report::{Report, Target, median};
use kernel::id::WorkspaceId;
use serde_json::json;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use store_libsql::LibsqlStore;
use tempfile::TempDir;

const SMALL: usize = 500;
/// Two events a task.
const LARGE: usize = 500_000;
const ROUNDS: u64 = 21;

pub fn run(report: &mut Report) -> Result<(), String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let small = filled(dir.path(), 1, SMALL)?;
    let large = filled(dir.path(), 2, LARGE)?;
    let (mut smalls, mut larges, mut loads) = (Vec::new(), Vec::new(), (0, 0));
    for round in 0..ROUNDS {
        let (seconds, count) = opened(dir.path(), small, SMALL as u64 + round)?;
        smalls.push(seconds);
        loads.0 = count;
        let (seconds, count) = opened(dir.path(), large, LARGE as u64 + round)?;
        larges.push(seconds);
        loads.1 = count;
    }
    let (small, large) = (median(smalls), median(larges));
    report.row(
        "open 1,000,000 events and one command, of 1,000 events",
        large / small,
        "ratio",
        small * 1e6,
        Target::AtMost(2.0),
    );
    report.row(
        "loads for that, of 1,000 events",
        loads.1 as f64 / loads.0 as f64,
        "ratio",
        loads.0 as f64,
        Target::AtMost(1.0),
    );
    Ok(())
}

fn filled(dir: &Path, salt: u8, tasks: usize) -> Result<WorkspaceId, String> {
    block_on(async {
        let store = LibsqlStore::open(dir).map_err(|why| why.to_string())?;
        let mut desk = Desk::create(Rc::new(store), salt).await?;
        desk.tasks(tasks, 64).await?;
        Ok(desk.workspace)
    })
}

/// Seconds and loads from a closed file to a committed command.
fn opened(dir: &Path, workspace: WorkspaceId, sent: u64) -> Result<(f64, u64), String> {
    block_on(async {
        let store = Recorder::counting(LibsqlStore::open(dir).map_err(|why| why.to_string())?);
        let began = Instant::now();
        // Counts that no earlier command had, so that each round decides a new one.
        let mut desk = Desk::open(Rc::new(store.clone()), workspace, 10_000_000 + sent).await?;
        desk.must("task.create", &json!({ "title": title(1) })).await?;
        Ok((began.elapsed().as_secs_f64(), store.loads()))
    })
}
