//! Node and the npm peers: third-party programs that tests and `dev` talk to. Nothing of them ships.

use crate::failure::Failure;
use crate::process::{answer, program, root, run};
use std::fs;

/// What the peers ask for.
const OLDEST_NODE: (u32, u32) = (20, 15);

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

/// Installs the peers when they are missing or the lockfile changed. The stamp is the lockfile itself, written last into
/// the installed folder, so an installation that was cut off is done again.
pub fn ensure_peers() -> Result<(), Failure> {
    let peers = root().join("tests").join("peers");
    let stamp = peers.join("node_modules").join(".installed-lock.json");
    let lock = fs::read_to_string(peers.join("package-lock.json"))
        .map_err(|error| Failure::check(format!("tests/peers/package-lock.json cannot be read: {error}")))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("setup: npm ci in tests/peers");
    run(program(npm(), &["ci", "--loglevel=error"]).current_dir(&peers)).map_err(|failure| {
        Failure::environment(format!(
            "{failure}. The npm peers come from the registry that `npm config get registry` names"
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
