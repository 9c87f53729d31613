//! `cargo xtask sim`: the seeded simulation. One seed is one run; one that fails is cut down, told, and how to
//! repeat it is printed last.

use crate::failure::Failure;
use crate::process;

/// Passes the options on; `--dev` skips the optimised build, which pays only for many seeds.
pub fn run(options: &[String]) -> Result<(), Failure> {
    let dev = options.iter().any(|option| option == "--dev");
    let profile: &[&str] = if dev { &[] } else { &["--release"] };
    let rest = options.iter().filter(|option| *option != "--dev");
    let mut command = process::cargo(&["run", "--quiet", "--package", "kernelos-simulation", "--bin", "sim"]);
    process::run(command.args(profile).arg("--").args(rest))
}
