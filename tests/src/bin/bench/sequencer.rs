//! The sequencer over its store, without HTTP and channels: what a command costs by itself.

use crate::cpu;
use crate::desk::{Desk, block_on};
use crate::report::{Report, Target};
use std::rc::Rc;
use std::time::{Duration, Instant};
use store_libsql::LibsqlStore;
use tempfile::TempDir;

const FOR: Duration = Duration::from_secs(4);
const TOGETHER: usize = 32;

pub fn run(report: &mut Report) -> Result<(), String> {
    let dir = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let (rate, cpu) = block_on(async {
        let store = LibsqlStore::open(dir.path()).map_err(|why| why.to_string())?;
        let mut desk = Desk::create(Rc::new(store), 1).await?;
        let (began, cpu) = (Instant::now(), cpu::seconds("self")?);
        let mut done = 0.0;
        while began.elapsed() < FOR {
            desk.tasks(TOGETHER, TOGETHER).await?;
            done += TOGETHER as f64;
        }
        Ok::<_, String>((done / began.elapsed().as_secs_f64(), (cpu::seconds("self")? - cpu) / done))
    })?;
    report.row("durable commands/s without HTTP, 32 at a time", rate, "1/s", 0.0, Target::None);
    report.row("CPU per command without HTTP", cpu * 1e6, "µs", 0.0, Target::None);
    Ok(())
}
