//! `cargo xtask build wasi`: the components that `spin.toml` names, what each weighs, and that none imports more than it
//! may.

use crate::failure::Failure;
use crate::process::{cargo, output, root, run};
use crate::setup;
use std::fs;
use std::path::PathBuf;

/// What the functions are compiled for.
const TARGET: &str = "wasm32-wasip2";
/// The profile they are compiled in, which is also the folder they are found in.
const PROFILE: &str = "component";

/// What every component may import: each line begins like one of these.
const ALL_MAY: [&str; 6] =
    ["wasi:http/types@0.2.", "wasi:io/", "wasi:clocks/", "wasi:random/", "wasi:cli/", "fermyon:spin/variables@2.0.0"];
/// The way out, and the database.
const OUT: &str = "wasi:http/outgoing-handler@0.2.";
const DATABASE: &str = "spin:sqlite/sqlite@3.0.0";
/// Types of what the cron trigger starts. Nothing of it is called.
const TIME: &str = "fermyon:spin-cron/cron-types@2.0.0";

/// The components, and what each may import besides. The sequencer has no way out: it never calls anybody.
const COMPONENTS: [(&str, &[&str]); 5] = [
    ("gateway", &[OUT]),
    ("sequencer", &[DATABASE]),
    ("runtime", &[OUT, DATABASE]),
    ("provider-router", &[OUT]),
    ("clock", &[OUT, TIME]),
];

/// What tests of hosts serve besides.
const PROBE: &str = "kernelos-wasi-probe";

/// Compile the components, hold them against what they may import, and say what they weigh.
pub fn build() -> Result<(), Failure> {
    setup::run()?;
    compile()?;
    println!("\n{:<18}{:>12}", "component", "bytes");
    for (name, may) in COMPONENTS {
        let file = file(name);
        let size = fs::metadata(&file).map_err(|why| Failure::check(format!("{}: {why}", file.display())))?.len();
        println!("{name:<18}{size:>12}");
        look_at(name, may)?;
    }
    Ok(())
}

/// Hold the components against what they may import, as far as they are built. `tidy` does so, and builds nothing for it;
/// `verify` builds them all.
pub fn look_at_what_is_built() -> Result<(), Failure> {
    COMPONENTS.iter().filter(|(name, _)| file(name).is_file()).try_for_each(|(name, may)| look_at(name, may))
}

fn look_at(name: &str, may: &[&str]) -> Result<(), Failure> {
    let imports = output(cargo(&["run", "--quiet", "-p", "xtask-imports", "--"]).arg(file(name)))?;
    let more = imports.lines().find(|import| !is_allowed(import, may));
    more.map_or(Ok(()), |import| {
        Err(Failure::check(format!(
            "the component {name}, as it was built last, imports {import}, which no host has to give: do without it, and \
             build it again with cargo xtask build wasi"
        )))
    })
}

/// All in one call of cargo, so that what they share is compiled once.
pub fn compile() -> Result<(), Failure> {
    let mut command = cargo(&["build", "--profile", PROFILE, "--target", TARGET, "-p", PROBE]);
    for (name, _) in COMPONENTS {
        command.arg("-p").arg(format!("kernelos-wasi-{name}"));
    }
    run(&mut command)?;
    COMPONENTS.iter().map(|(name, _)| *name).chain(["probe"]).try_for_each(bring_home)
}

/// `spin.toml` names files below `target`, wherever this cargo puts what it makes.
fn bring_home(name: &str) -> Result<(), Failure> {
    let Some(elsewhere) = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from) else { return Ok(()) };
    let (home, name) = (file(name), file_name(name));
    let made = root().join(elsewhere).join(TARGET).join(PROFILE).join(name);
    if made == home {
        return Ok(());
    }
    let copied = home.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(&made, &home));
    copied.map(drop).map_err(|why| Failure::environment(format!("cannot write {}: {why}", home.display())))
}

fn file(name: &str) -> PathBuf {
    root().join("target").join(TARGET).join(PROFILE).join(file_name(name))
}

fn file_name(name: &str) -> String {
    format!("kernelos_wasi_{}.wasm", name.replace('-', "_"))
}

fn is_allowed(import: &str, may: &[&str]) -> bool {
    ALL_MAY.iter().chain(may).any(|allowed| import.starts_with(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_need_not_give_is_no_import_of_a_component() {
        let [_, (_, sequencer), (_, runtime), ..] = COMPONENTS;
        for import in ["wasi:io/poll@0.2.6", "spin:sqlite/sqlite@3.0.0", "fermyon:spin/variables@2.0.0"] {
            assert!(is_allowed(import, sequencer), "{import}");
        }
        for import in [
            "wasi:filesystem/types@0.2.6",
            "wasi:sockets/tcp@0.2.6",
            "wasi:http/outgoing-handler@0.2.6",
            "wasi:http/types@0.3.0",
            "spin:sqlite/sqlite@3.1.0",
            "fermyon:spin/key-value@2.0.0",
        ] {
            assert!(!is_allowed(import, sequencer), "{import}");
        }
        assert!(is_allowed("wasi:http/outgoing-handler@0.2.6", runtime));
    }
}
