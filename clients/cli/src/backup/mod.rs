//! Backups: a directory that holds workspaces as of some points in time, and the secrets of a vault.
//!
//! ```text
//!   000001.json                the manifest of point 1: what belongs to it, and hashes over that
//!   000002.json                of point 2, with the hash of the one before
//!   000002.secrets             secrets of the vault, as of the newest point only
//!   <workspace>/000001.log     events and large content up to point 1
//!   <workspace>/000002.log     what came after it, up to point 2
//!   <workspace>/000002.keys    every data key there is, wrapped, as of the newest point only
//!   kernelos-backup.lock       held while somebody writes here
//! ```
//!
//! Logs are only added to, so each point costs what happened since the one before. Data keys are written anew each time and
//! the ones before are removed: a key that was destroyed is in no newest file, and from then on in none. The manifest comes
//! last and by one rename, so whatever breaks off leaves the point before. What stands where, byte by byte, is in
//! `docs/portability.md`.

mod compose;
mod directory;
mod manifest;
mod pack;
mod part;
mod plan;
mod secrets;
mod take;
mod verify;

pub use compose::Composed;
pub use directory::Directory;
pub use manifest::{Chain, Held, Kept, MANIFEST_FORMAT, Manifest, Written};
pub use pack::pack;
pub use plan::Plan;
pub use secrets::{give_back, keep};
pub use take::{Taken, Taking};
pub use verify::{Finding, is_sealed, verify};

use crate::outcome::Problem;
use std::path::Path;

/// A file of a backup is not as it was written: which one, and what is wrong with it.
fn damaged(path: &Path, why: impl std::fmt::Display) -> Problem {
    Problem {
        exit: 3,
        ..Problem::failed(
            "backup_damaged",
            format!("{}: {why}", path.display()),
            "Nothing was restored from it. Take another copy of this file, or an earlier point: --at N.",
        )
    }
}

/// What was said of a file, with the file. What keeps it from being read at all is damage to a backup, too.
fn of_file(path: &Path, problem: Problem) -> Problem {
    match problem.code.as_str() {
        "file" => damaged(path, "it is missing or cannot be read"),
        "import_version" => Problem { what: format!("{}: {}", path.display(), problem.what), ..problem },
        _ => damaged(path, problem.what),
    }
}
