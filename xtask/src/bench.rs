//! `cargo xtask bench`: the benchmarks, always optimised.

use crate::cloudflare::{self, Kind, WORKERS};
use crate::failure::Failure;
use crate::{process, setup, wasi};

/// The group that compares kinds of host, and needs what is deployed to all of them.
const HOSTS: &str = "hosts";

/// Passes the group and `--json` on.
pub fn run(options: &[String]) -> Result<(), Failure> {
    let mut groups = options.iter().filter(|option| !option.starts_with("--")).peekable();
    if groups.peek().is_none() || groups.any(|group| group == HOSTS) {
        setup::with_worker_tools()?;
        cloudflare::workers(&WORKERS, Kind::Deployed)?;
        wasi::compile()?;
        process::run(&mut process::cargo(&["build", "--release", "--quiet", "--package", "kernelos-wasi-host"]))?;
    }
    let mut command =
        process::cargo(&["run", "--release", "--quiet", "--package", "kernelos-tests", "--bin", "bench", "--"]);
    process::run(command.args(options))
}
