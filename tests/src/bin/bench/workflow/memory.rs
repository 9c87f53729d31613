//! What a host holds in memory: with nothing to do, and with a thousand tasks that wait for a person.

use super::office::Office;
use crate::report::{Report, Target};
use crate::server::Server;
use serde_json::json;
use std::time::Duration;
use tempfile::TempDir;

const TASKS: usize = 1_000;
/// After this what was begun is done: notices are given, and nothing is on its way any more.
const SETTLED: Duration = Duration::from_secs(3);

pub fn run(report: &mut Report) -> Result<(), String> {
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let server = Server::start(data.path())?;
    let mut office = Office::open(&server)?;
    let question = json!({ "question": "May this go out?", "options": ["yes", "no"] });
    let workflow = office.define("waits", &json!([{ "ask": { "call": "ask", "with": question } }]))?;
    std::thread::sleep(SETTLED);
    let idle = resident(&server)?;
    for nth in 0..TASKS {
        office.start(&format!("waits-{nth}"), &workflow, &json!({ "nr": nth }))?;
    }
    std::thread::sleep(SETTLED);
    let waiting = resident(&server)?;
    report.row("memory of an idle host", idle, "MB", 0.0, Target::AtMost(50.0));
    report.row("memory added by 1,000 tasks that wait", waiting - idle, "MB", idle, Target::AtMost(20.0));
    server.kill();
    let server = Server::start(data.path())?;
    std::thread::sleep(SETTLED);
    report.row("memory of a host that finds them when it starts", resident(&server)?, "MB", idle, Target::None);
    Ok(())
}

/// Resident memory of the process, in megabytes.
fn resident(server: &Server) -> Result<f64, String> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).map_err(|why| why.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no account of memory")?;
    let kilobytes = line.trim().trim_end_matches("kB").trim().parse::<f64>();
    Ok(kilobytes.map_err(|_| format!("{line} is not a number"))? * 1024.0 / 1e6)
}
