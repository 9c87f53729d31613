//! The vault as a host uses it, and as a thief or a failing disk leaves it.

mod damage;
mod files;
mod usage;

use crate::FileVault;
use ports::{Secret, Vault};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that is there for one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("kernelos-vault-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Self(dir)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn open(&self) -> FileVault {
        FileVault::open(&self.0).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A vault with one secret and one workspace in it.
async fn filled(scratch: &Scratch) -> FileVault {
    let vault = scratch.open();
    vault.keep("openai", Secret::new("hunter2-hunter2")).await.unwrap();
    vault.workspace_key("ws-1").await.unwrap();
    vault
}
