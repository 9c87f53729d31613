//! `cargo xtask build`: the kernel for each place it must run in.

use crate::failure::Failure;
use crate::process::{cargo, run};
use crate::setup::{self, WASM_TARGETS};

/// The kernel for this machine and for both kinds of wasm. That it compiles for the bare one is the cheapest proof that
/// it asks nothing of an operating system.
pub fn kernel() -> Result<(), Failure> {
    setup::run()?;
    run(&mut cargo(&["build", "-p", "kernelos-kernel"]))?;
    kernel_for_wasm()
}

/// Both wasm targets in one call of cargo, so that they compile side by side.
pub fn kernel_for_wasm() -> Result<(), Failure> {
    let targets = WASM_TARGETS.into_iter().flat_map(|target| ["--target", target]);
    run(cargo(&["build", "-p", "kernelos-kernel"]).args(targets))
}
