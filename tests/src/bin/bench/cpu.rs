//! User and system time of a process, from the kernel's own account.

/// Clock ticks a second; fixed by the Linux user interface.
const TICKS: f64 = 100.0;

/// Seconds of CPU that `pid` has used (`self` for this process).
pub fn seconds(pid: &str) -> Result<f64, String> {
    let stat =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|why| format!("no account of {pid}: {why}"))?;
    // The name may hold spaces; the fields are counted behind its closing parenthesis.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |nth: usize| fields.get(nth).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / TICKS)
}

/// Seconds of CPU that this thread has used, to the nanosecond.
pub fn thread_seconds() -> Result<f64, String> {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").map_err(|why| why.to_string())?;
    let nanos = account.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    nanos.map(|nanos| nanos / 1e9).ok_or_else(|| format!("{account} is no account of a thread"))
}
