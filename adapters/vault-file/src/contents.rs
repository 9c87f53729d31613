//! What the sealed file holds.

use ports::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// Secrets by name and keys by workspace. Wiped from memory when dropped; deliberately without `Debug`.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    secrets: BTreeMap<String, String>,
    workspaces: BTreeMap<String, [u8; 32]>,
}

impl Contents {
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.secrets.get(name).map(Secret::new)
    }

    pub fn secrets(&self) -> BTreeMap<String, Secret> {
        self.secrets.iter().map(|(name, secret)| (name.clone(), Secret::new(secret))).collect()
    }

    pub fn keep(&mut self, name: &str, secret: &Secret) {
        let mut before = self.secrets.insert(name.to_owned(), secret.reveal().to_owned());
        before.zeroize();
    }

    pub fn forget_secret(&mut self, name: &str) -> bool {
        let mut before = self.secrets.remove(name);
        let known = before.is_some();
        before.zeroize();
        known
    }

    pub fn workspace_key(&self, workspace: &str) -> Option<[u8; 32]> {
        self.workspaces.get(workspace).copied()
    }

    /// The key of `workspace`, which is `fresh` unless there is one already.
    pub fn workspace_key_or(&mut self, workspace: &str, fresh: &[u8; 32]) -> [u8; 32] {
        *self.workspaces.entry(workspace.to_owned()).or_insert(*fresh)
    }

    pub fn forget_workspace(&mut self, workspace: &str) -> bool {
        let mut before = self.workspaces.remove(workspace);
        let known = before.is_some();
        before.zeroize();
        known
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        self.secrets.values_mut().for_each(Zeroize::zeroize);
        self.workspaces.values_mut().for_each(Zeroize::zeroize);
    }
}
