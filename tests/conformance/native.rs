//! The program itself: `kernelos dev` on a data directory.

use crate::support::cli::Cli;
use kernelos::host::{HOST_FILE, Identity};
use kernelos_tests::hosts::{Kind, Ready};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// `kernelos dev`.
pub struct Native;

fn data(dir: &Path) -> PathBuf {
    dir.join("data")
}

impl Kind for Native {
    fn command(&self, dir: &Path, port: u16) -> Result<Command, String> {
        Ok(Cli::over(&data(dir)).command(&["dev", "--port", &port.to_string()]))
    }

    /// The file says where it listens; one that an earlier process left has another process id.
    fn ready(&self, child: &mut Child, dir: &Path) -> Option<Ready> {
        let note: Value = serde_json::from_slice(&std::fs::read(data(dir).join(HOST_FILE)).ok()?).ok()?;
        if note["pid"] != child.id() {
            return None;
        }
        let address = note["address"].as_str()?.parse().ok()?;
        let token = Identity::open(&data(dir)).unwrap().token;
        Some(Ready { address, token, others: Vec::new() })
    }

    fn verify(&self, dir: &Path) -> Result<(), String> {
        let verified = Cli::over(&data(dir)).run(&["replay", "--verify"]);
        if verified.code == 0 { Ok(()) } else { Err(format!("{verified:?}")) }
    }
}
