//! Node and npm packages: third-party programs that tests and `dev` talk to, and the tools that build and run Workers.
//! Nothing of them ships.

use crate::failure::Failure;
use crate::process::{answer, program, root, run};
use std::fs;
use std::path::PathBuf;

/// What the peers ask for.
const OLDEST_NODE: (u32, u32) = (20, 15);
/// Where the tools for Workers are described.
const WORKERS: &str = "hosts/cloudflare";

/// Refuses a missing or old Node.
pub fn require_node() -> Result<(), Failure> {
    let (major, minor) = OLDEST_NODE;
    let how = format!("Install Node {major}.{minor} or newer with npm, from your packager or nodejs.org");
    let Some(printed) = answer(&mut program("node", &["--version"])) else {
        return Err(Failure::environment(format!("no `node` answers. {how}")));
    };
    match version(&printed) {
        Some(found) if found >= OLDEST_NODE => Ok(()),
        _ => Err(Failure::environment(format!("`node` is {}. {how}", printed.trim()))),
    }
}

/// Installs the peers.
pub fn ensure_peers() -> Result<(), Failure> {
    ensure("tests/peers")
}

/// Installs what builds Workers and runs them, half a gigabyte of it; so only commands that need it call this.
pub fn ensure_worker_tools() -> Result<(), Failure> {
    ensure(WORKERS)
}

/// The Node that those tools want, which is newer than what many machines have: it is one of them.
pub fn node_for_workers() -> Result<PathBuf, Failure> {
    let modules = root().join(WORKERS).join("node_modules");
    let program = if cfg!(windows) { "bin/node.exe" } else { "bin/node" };
    let packages = fs::read_dir(&modules).into_iter().flatten().flatten();
    let named = packages.filter(|package| package.file_name().to_string_lossy().starts_with("node-"));
    named.map(|package| package.path().join(program)).find(|program| program.is_file()).ok_or_else(|| {
        Failure::environment(format!(
            "no package in {WORKERS}/package.json brings a Node for this machine. Add one there, under optionalDependencies"
        ))
    })
}

/// Installs the packages of a folder when they are missing or its lockfile changed. The stamp is the lockfile itself,
/// written last into the installed folder, so an installation that was cut off is done again.
fn ensure(folder: &str) -> Result<(), Failure> {
    let place = root().join(folder);
    let stamp = place.join("node_modules").join(".installed-lock.json");
    let lock = fs::read_to_string(place.join("package-lock.json"))
        .map_err(|error| Failure::check(format!("{folder}/package-lock.json cannot be read: {error}")))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("setup: npm ci in {folder}");
    run(program(npm(), &["ci", "--loglevel=error"]).current_dir(&place)).map_err(|failure| {
        Failure::environment(format!(
            "{failure}. The npm packages come from the registry that `npm config get registry` names"
        ))
    })?;
    fs::write(&stamp, lock).map_err(|error| Failure::environment(format!("cannot write {}: {error}", stamp.display())))
}

const fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

/// `v20.20.2` → (20, 20).
fn version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_not_by_letter() {
        assert!(version("v20.15.0\n").unwrap() >= OLDEST_NODE);
        assert!(version("v100.0.1").unwrap() >= OLDEST_NODE);
        assert!(version("v20.9.0").unwrap() < OLDEST_NODE);
        assert_eq!(version("something else"), None);
    }
}
