//! `cargo xtask verify`: everything CI checks. Cheap steps come first, so that a slip in spelling does not cost a build.

use crate::conformance::{self, Host};
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::process::{cargo, run as run_program};
use crate::{build, cloudflare, setup, sim, test, tidy, wasi};

/// How many seeds every change pays for; longer hunts are `cargo xtask sim`.
const SEEDS: &str = "0..1000";

/// Runs the steps up to the first that fails and prints the ledger either way.
pub fn run() -> Result<(), Failure> {
    let mut ledger = Ledger::default();
    ledger
        .step("setup", setup::with_worker_tools)
        .step("format", || run_program(&mut cargo(&["fmt", "--all", "--check"])))
        .step("tidy", tidy::run)
        .step("clippy", || {
            // With what is left out of the program by default; the tests compile it without.
            let all = ["clippy", "--workspace", "--all-targets", "--features", "kernelos/wasi"];
            run_program(cargo(&all).args(["--", "--deny", "warnings"]))?;
            run_program(conformance::suite("clippy").args(["--", "--deny", "warnings"]))
        })
        .step("kernel for wasm", build::kernel_for_wasm)
        .step("components", wasi::build)
        .step("tests", || test::workspace(&[]))
        .step("conformance, native", || conformance::on(Host::Native))
        .step("cloudflare", cloudflare::dry_run)
        .step("Workers", cloudflare::test)
        .step("conformance, workerd", || conformance::on(Host::Workerd))
        .step("conformance, wasi", || conformance::on(Host::Wasi))
        .step("moves through all hosts", conformance::through_all)
        .step("simulation", || sim::run(&["--dev", "--seeds", SEEDS].map(str::to_owned)))
        .step("kernel documentation", || {
            run_program(&mut cargo(&["doc", "--package", "kernelos-kernel", "--no-deps"]))
        });
    println!("\n{ledger}");
    ledger.finish()
}
