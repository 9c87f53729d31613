//! The developer's commands, all of them: `cargo xtask help`.
//!
//! This is the only interface to the tree. CI runs `cargo xtask verify` and nothing else, so what is green here is green
//! there. Each command is one file; `process` is the only place that starts programs.

mod bench;
mod build;
mod cloudflare;
mod conformance;
mod dev;
mod endpoint;
mod failure;
mod ledger;
mod process;
mod setup;
mod sim;
mod test;
mod tidy;
mod verify;
mod wasi;

use failure::Failure;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  dev [QUESTION]             set up, build `kernelos` and run examples/support-triage to its end, or ask one question;
                             with a local test endpoint unless KERNELOS_BASE_URL is set (then also KERNELOS_MODEL,
                             perhaps KERNELOS_API_KEY)
  dev --host workerd         the Cloudflare host on this machine, its data in target/dev-workerd, until Ctrl-C
  verify                     everything CI checks, in CI's order, with a ledger of times at the end
  setup                      make sure of targets, components, C compiler, Node, npm peers and what runs Workers (the
                             others do this too, each as far as it needs it)
  tidy                       style and architecture as a test
  test [FILTER...]           all tests, or those whose name contains a filter; arguments are passed on to cargo test
  test conformance [--host native|workerd|wasi] [--rounds N] [FILTER...]
                             what every kind of host must do, over HTTP, told of one kind (native when none is named);
                             --rounds 20 kills it under concurrent writers as often as before a release
  test moves                 one workspace through every kind of host, its move killed at every step
  test workers               what Workers do under workerd: die, sleep, share memory, are killed
  build kernel               the kernel for its three targets: this machine, wasm32-unknown-unknown, wasm32-wasip2
  build wasi                 the components that spin.toml names, with their sizes, held against what they may import
  build cloudflare [OPTION]  what Cloudflare loads, in target/cloudflare, with its sizes (--dev: quickly, and larger;
                             --dry-run: deployed as well, up to what needs an account)
  sim [--dev] [--seeds A..B] the seeded simulation (--dev: without a build of its own for speed)
  sim --replay SEED:STEPS    one run of it again, or a part of one, told line by line (--plant NAME: with a bug in it)
  bench [GROUP] [--json]     the benchmarks, in release

Exit codes: 0 all is well, 1 a check failed, 2 this machine is missing something (the message says what).
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            failure.exit_code()
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{USAGE}");
        return Ok(());
    };
    match (command.as_str(), rest) {
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(())
        }
        ("dev", [option, host]) if option == "--host" && host == "workerd" => dev::workerd(),
        ("dev", question) => dev::run(question),
        ("verify", []) => verify::run(),
        ("setup", []) => setup::with_worker_tools(),
        ("tidy", []) => tidy::run(),
        ("test", [what, options @ ..]) if what == "conformance" => conformance::run(options),
        ("test", [what]) if what == "moves" => conformance::moves(),
        ("test", [what]) if what == "workers" => cloudflare::test(),
        ("test", filters) => test::run(filters),
        ("build", [what]) if what == "kernel" => build::kernel(),
        ("build", [what]) if what == "wasi" => wasi::build(),
        ("build", [what, options @ ..]) if what == "cloudflare" => cloudflare::build(options),
        ("sim", options) => sim::run(options),
        ("bench", options) => bench::run(options),
        _ => Err(Failure::check(format!("no such command: {}\n\n{USAGE}", arguments.join(" ")))),
    }
}
