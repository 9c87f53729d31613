//! The vault's directory: which files stand in it, and how it begins.

use crate::contents::Contents;
use crate::file;
use crate::sealing::{self, RootKey};
use ports::VaultError;
use std::fs::File;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest sealed file that is read: far more than any vault has, and bounded.
const SEALED_BYTES_MAX: u64 = 64 << 20;

/// The directory of a vault.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file that holds the root key.
    pub fn root(&self) -> PathBuf {
        self.0.join("root.key")
    }

    /// The file that holds everything else, sealed.
    pub fn sealed(&self) -> PathBuf {
        self.0.join("vault.sealed")
    }

    pub fn read_sealed(&self) -> Result<Vec<u8>, VaultError> {
        file::read(&self.sealed(), SEALED_BYTES_MAX)
    }

    pub fn replace_sealed(&self, bytes: &[u8]) -> Result<(), VaultError> {
        file::replace(&self.sealed(), bytes)
    }

    /// Keep every other vault over this directory, in this process or another, from changing it.
    pub fn lock(&self) -> Result<File, VaultError> {
        file::lock(&self.0.join("vault.lock"))
    }

    /// The root key; made, with an empty sealed file, when the directory holds neither.
    pub fn root_key(&self) -> Result<RootKey, VaultError> {
        file::make_directory(&self.0)?;
        let _held = self.lock()?;
        match (exists(&self.root())?, exists(&self.sealed())?) {
            (true, true) => {}
            (false, false) => self.begin()?,
            (false, true) => self.finish_beginning()?,
            (true, false) => return Err(self.missing("vault.sealed", "root.key")),
        }
        self.read_root_key()
    }

    /// Begin an empty vault. The root key takes its name last, so a crash at any point leaves a directory that either
    /// begins again or is finished by [`Self::finish_beginning`].
    fn begin(&self) -> Result<(), VaultError> {
        let root = RootKey::new(sealing::random()?);
        let draft = file::draft(&self.root());
        file::write_new(&draft, root.bytes())?;
        self.replace_sealed(&root.seal(&Contents::default())?)?;
        file::rename(&draft, &self.root())
    }

    /// A sealed file without root key is a beginning that was interrupted, when the root key's draft is there.
    fn finish_beginning(&self) -> Result<(), VaultError> {
        let draft = file::draft(&self.root());
        if !exists(&draft)? {
            return Err(self.missing("root.key", "vault.sealed"));
        }
        file::rename(&draft, &self.root())
    }

    fn read_root_key(&self) -> Result<RootKey, VaultError> {
        let path = self.root();
        file::check_private(&path)?;
        let bytes = Zeroizing::new(file::read(&path, 33)?);
        let key: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| VaultError::Broken(format!("{} does not hold 32 bytes", path.display())))?;
        Ok(RootKey::new(Zeroizing::new(key)))
    }

    fn missing(&self, gone: &str, there: &str) -> VaultError {
        let dir = self.0.display();
        let what = format!("{gone} is missing beside {there} in {dir}");
        VaultError::Broken(format!("{what}; put it back from a backup, or move {there} away to begin an empty vault"))
    }
}

fn exists(path: &Path) -> Result<bool, VaultError> {
    path.try_exists().map_err(|error| file::broken(path, &error))
}
