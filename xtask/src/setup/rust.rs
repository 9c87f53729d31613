//! Targets and components of the toolchain that `rust-toolchain.toml` names.

use crate::failure::Failure;
use crate::process::{answer, cargo, program, run};
use std::path::Path;

/// Where the kernel must also run: bare in an isolate, and as a component.
pub const WASM_TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip2"];

/// Adds the wasm targets whose standard library is not here.
pub fn ensure_targets() -> Result<(), Failure> {
    for target in WASM_TARGETS.into_iter().filter(|target| !has_target(target)) {
        rustup(&["target", "add", target])?;
    }
    Ok(())
}

/// Adds clippy and rustfmt when they do not answer.
pub fn ensure_components() -> Result<(), Failure> {
    for (component, subcommand) in [("clippy", "clippy"), ("rustfmt", "fmt")] {
        if answer(&mut cargo(&[subcommand, "--version"])).is_none() {
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

/// Asks the compiler, not rustup: a toolchain from a distribution is as good.
fn has_target(target: &str) -> bool {
    answer(&mut program("rustc", &["--print", "target-libdir", "--target", target]))
        .is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

fn rustup(arguments: &[&str]) -> Result<(), Failure> {
    let line = format!("rustup {}", arguments.join(" "));
    eprintln!("setup: {line}");
    run(&mut program("rustup", arguments)).map_err(|failure| {
        Failure::environment(format!(
            "{failure}. `{line}` must succeed, or install the same with your toolchain's packager"
        ))
    })
}
