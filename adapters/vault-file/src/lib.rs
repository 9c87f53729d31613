//! A vault in two files of one directory: `root.key`, and `vault.sealed`, which is sealed under it.
//!
//! The log and the rows of a workspace hold references to secrets and keys wrapped under the workspace's key; this is
//! where the references and the wrapping end. Whoever has both files has everything, so they are private to the user
//! the host runs as; whoever has one of them has nothing.
//!
//! Every operation reads the file anew and every change is made under a lock, so that several hosts and the command
//! line can share a directory. The files are small and local: operations block, and are done in a few milliseconds.

mod contents;
mod directory;
mod file;
mod name;
mod sealing;
#[cfg(test)]
mod tests;

use crate::contents::Contents;
use crate::directory::Directory;
use crate::name::Reference;
use crate::sealing::RootKey;
use async_trait::async_trait;
use ports::{Secret, Vault, VaultError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A vault in a directory of its own.
pub struct FileVault {
    directory: Directory,
    root: RootKey,
}

impl FileVault {
    /// The vault in `dir`; made, with the directory, when there is none.
    ///
    /// Refused when one of the two files is missing beside the other, when others may read the root key, or when the
    /// sealed file is not what was sealed: a vault that began anew there would lose every workspace it had keys for.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, VaultError> {
        let directory = Directory::new(dir.into());
        let root = directory.root_key()?;
        let vault = Self { directory, root };
        vault.read()?;
        Ok(vault)
    }

    /// Destroy the key of `workspace`, and with it whatever was wrapped under it. Says whether there was one.
    ///
    /// A copy of the sealed file made before still holds the key for whoever also has the root key: backups of the
    /// vault have to expire for the deletion to be complete.
    pub fn forget_workspace(&self, workspace: &str) -> Result<bool, VaultError> {
        name::check(workspace)?;
        self.change(|contents| Ok(contents.forget_workspace(workspace)))
    }

    /// Remove the secret that was kept as `vault:NAME`. Says whether there was one.
    pub fn forget_secret(&self, name: &str) -> Result<bool, VaultError> {
        name::check(name)?;
        self.change(|contents| Ok(contents.forget_secret(name)))
    }

    /// Every secret that is kept here, by its name: for a backup, which has to wrap them.
    pub fn secrets(&self) -> Result<BTreeMap<String, Secret>, VaultError> {
        Ok(self.read()?.secrets())
    }

    fn read(&self) -> Result<Contents, VaultError> {
        self.root.unseal(&self.directory.sealed(), &self.directory.read_sealed()?)
    }

    /// Apply `alter` to what is stored now, whoever stored it, and store the result.
    fn change<T>(&self, alter: impl FnOnce(&mut Contents) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let _held = self.directory.lock()?;
        let mut contents = self.read()?;
        let outcome = alter(&mut contents)?;
        self.directory.replace_sealed(&self.root.seal(&contents)?)?;
        Ok(outcome)
    }
}

impl std::fmt::Debug for FileVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileVault").field("directory", &self.directory).finish_non_exhaustive()
    }
}

#[async_trait(?Send)]
impl Vault for FileVault {
    async fn workspace_key(&self, workspace: &str) -> Result<[u8; 32], VaultError> {
        name::check(workspace)?;
        if let Some(key) = self.read()?.workspace_key(workspace) {
            return Ok(key);
        }
        let fresh = sealing::random::<32>()?;
        self.change(|contents| Ok(contents.workspace_key_or(workspace, &fresh)))
    }

    async fn secret(&self, reference: &str) -> Result<Secret, VaultError> {
        match name::reference(reference)? {
            Reference::Environment(name) => environment(name),
            Reference::Kept(name) => {
                self.read()?.secret(name).ok_or_else(|| VaultError::Unknown(format!("vault:{name}")))
            }
        }
    }

    async fn keep(&self, name: &str, secret: Secret) -> Result<(), VaultError> {
        name::check(name)?;
        self.change(|contents| {
            contents.keep(name, &secret);
            Ok(())
        })
    }
}

/// The environment variable `name`. One that is not text is broken, and its bytes are not shown.
fn environment(name: &str) -> Result<Secret, VaultError> {
    match std::env::var(name).map(Zeroizing::new) {
        Ok(value) => Ok(Secret::new(value.as_str())),
        Err(std::env::VarError::NotPresent) => Err(VaultError::Unknown(format!("env:{name}"))),
        Err(std::env::VarError::NotUnicode(_)) => Err(VaultError::Broken(format!("env:{name} is not text"))),
    }
}
