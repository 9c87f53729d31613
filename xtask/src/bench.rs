//! `cargo xtask bench`: the benchmarks, always optimised.

use crate::failure::Failure;
use crate::process;

/// Passes the group and `--json` on.
pub fn run(options: &[String]) -> Result<(), Failure> {
    let mut command =
        process::cargo(&["run", "--release", "--quiet", "--package", "kernelos-tests", "--bin", "bench", "--"]);
    process::run(command.args(options))
}
