//! `kernelos completions`: scripts for shells, made from the same table of arguments.

use super::shown::print;
use crate::args::Args;
use crate::args::completions::Completions;
use crate::outcome::Problem;
use clap::CommandFactory as _;

pub fn run(completions: &Completions) -> Result<(), Problem> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Args::command(), "kernelos", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(())
}
