//! The `kernelos` program.

use clap::Parser as _;
use kernelos::{args::Args, commands};
use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.tell(),
    }
}
