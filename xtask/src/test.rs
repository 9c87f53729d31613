//! `cargo xtask test`: the tests, with cargo's own output.

use crate::failure::Failure;
use crate::process;
use crate::setup;
use crate::wasi;

/// All tests, or those that the filters name.
pub fn run(filters: &[String]) -> Result<(), Failure> {
    setup::run()?;
    // What is tested as it ships is compiled for where it ships to.
    wasi::compile()?;
    workspace(filters)
}

/// The tests themselves, for callers that have set up already.
///
/// cargo takes one filter; several are handed to the test programs, where any of them may match.
pub fn workspace(filters: &[String]) -> Result<(), Failure> {
    let mut command = process::cargo(&["test", "--workspace", "--no-fail-fast"]);
    match filters {
        [] | [_] => command.args(filters),
        [first, ..] if first.starts_with('-') => command.args(filters),
        _ => command.arg("--").args(filters),
    };
    process::run(&mut command)
}
