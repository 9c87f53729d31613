//! A runtime as a process of its own, which can be killed without its host.

use super::dice::Dice;
use kernel::id::{BootId, RuntimeId};
use kernelos::host::Identity;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where such a runtime lives, from one process to the next.
#[derive(Debug, Clone)]
pub struct Far {
    data: PathBuf,
    address: PathBuf,
    vault: PathBuf,
    workspace: String,
}

/// One of its processes; it is killed when this is dropped.
pub struct Working(Child);

impl Far {
    /// In `dir`, for `workspace` of the host over `data`.
    pub fn new(dir: &Path, data: &Path, workspace: &str) -> Self {
        let (address, vault) = (dir.join("address"), dir.join("far-vault"));
        Self { data: data.to_owned(), address, vault, workspace: workspace.to_owned() }
    }

    /// The host is to be found there.
    pub fn host_is_at(&self, address: SocketAddr) {
        // Written aside and moved, so that nobody reads half of it.
        let aside = self.address.with_extension("new");
        std::fs::write(&aside, address.to_string()).unwrap();
        std::fs::rename(aside, &self.address).unwrap();
    }

    /// Start a process of it.
    pub fn start(&self, dice: &mut Dice) -> Working {
        let identity = Identity::open(&self.data).unwrap();
        let runtime = RuntimeId { device: identity.device(), slot: 1 };
        let boot = BootId(std::array::from_fn(|_| dice.below(256) as u8));
        let child = Command::new(env!("CARGO_BIN_EXE_far_runtime"))
            .arg(&self.address)
            .args([&self.workspace, &runtime.to_string(), &boot.to_string()])
            .arg(&self.vault)
            .env("KERNELOS_TOKEN", identity.token)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Working(child)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
