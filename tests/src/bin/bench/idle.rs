//! What an idle workspace writes.

use crate::commands::begin;
use crate::report::{Report, Target};
use crate::server::Server;
use std::time::Duration;
use tempfile::TempDir;

const IDLE: Duration = Duration::from_secs(60);
/// After this the last commit's anchor was forced to the disk.
const SETTLED: Duration = Duration::from_secs(3);

pub fn run(report: &mut Report) -> Result<(), String> {
    let data = TempDir::new_in(".").map_err(|why| why.to_string())?;
    let server = Server::start(data.path())?;
    begin(&server)?;
    std::thread::sleep(SETTLED);
    let before = written(&server)?;
    std::thread::sleep(IDLE);
    report.row(
        "bytes written by an idle host in a minute",
        written(&server)? - before,
        "bytes",
        0.0,
        Target::AtMost(0.0),
    );
    Ok(())
}

/// Bytes the process handed to write calls, whatever they went to.
fn written(server: &Server) -> Result<f64, String> {
    let io = std::fs::read_to_string(format!("/proc/{}/io", server.pid())).map_err(|why| why.to_string())?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no account of writes")?;
    line.trim().parse().map_err(|_| format!("{line} is not a number"))
}
