//! `cargo xtask setup`: what the tree needs from a machine. Every command does this first, so it must be idempotent and,
//! when nothing is missing, take well under a second.

mod node;
mod rust;

use crate::failure::Failure;
use crate::process::{answer, program};
pub use node::node_for_workers;
pub use rust::WASM_TARGETS;
use std::time::Instant;

/// Makes sure of everything that can be fetched and names what cannot.
pub fn run() -> Result<(), Failure> {
    let started = Instant::now();
    rust::ensure_targets()?;
    rust::ensure_components()?;
    require_c_compiler()?;
    node::require_node()?;
    node::ensure_peers()?;
    eprintln!("setup: ready ({:.1} s)", started.elapsed().as_secs_f32());
    Ok(())
}

/// The same, and what builds Workers and runs them.
pub fn with_worker_tools() -> Result<(), Failure> {
    run()?;
    node::ensure_worker_tools()
}

/// The SQL engine of the native store is C, and its build script calls a compiler.
fn require_c_compiler() -> Result<(), Failure> {
    let chosen = std::env::var("CC").ok();
    let candidates = chosen.as_deref().map_or_else(|| vec!["cc", "clang", "gcc", "cl"], |cc| vec![cc]);
    let found = candidates.iter().any(|name| {
        let mut words = name.split_whitespace();
        words.next().is_some_and(|first| answer(program(first, &[]).args(words).arg("--version")).is_some())
    });
    if found {
        return Ok(());
    }
    Err(Failure::environment(format!(
        "no C compiler answers to `{}`. Install one: `apt install build-essential` on Debian and Ubuntu, \
         `xcode-select --install` on macOS, or set CC",
        candidates.join("`, `"),
    )))
}
