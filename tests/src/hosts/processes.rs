//! Processes by their id: which there are, how large they are, and making an end of them.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::path::Path;
use std::time::{Duration, Instant};

/// Every process that `pid` started, and those that these started. What the system does not tell is not known.
pub fn below(pid: u32) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = listed.split_whitespace().filter_map(|pid| pid.parse().ok());
    children.flat_map(|child| [vec![child], below(child)].concat()).collect()
}

/// Bytes of memory that `pid` has in use, as far as the system tells.
pub fn memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?;
    Some(kib.parse::<u64>().ok()? * 1024)
}

fn known(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// SIGKILL. One that has ended is ended.
pub fn kill(pid: u32) {
    if let Some(pid) = known(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// SIGTERM.
pub fn ask_to_stop(pid: u32) {
    if let Some(pid) = known(pid) {
        let _ = kill_process(pid, Signal::TERM);
    }
}

/// Wait until it runs no more, but not for longer. One that nobody has collected yet does not run either.
pub fn ends(pid: u32, within: Duration) -> bool {
    let begun = Instant::now();
    while is_alive(pid) {
        if begun.elapsed() > within {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

fn is_alive(pid: u32) -> bool {
    if !Path::new("/proc/self").exists() {
        return known(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name of the program stands in parentheses and may hold any character; its state comes behind.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
