//! Manifests: what belongs to a point, with hashes, each over the one before.

use super::directory::{Directory, read};
use super::{damaged, directory};
use crate::outcome::Problem;
use kernel::hash::{Domain, HashText, hash};
use kernel::id::WorkspaceId;
use kernel::key::Space;
use kernel::seal::TransferKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Version of manifests, and of the files that they name.
pub const MANIFEST_FORMAT: u32 = 1;

/// What belongs to a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version.
    pub backup: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// Which point it is, from 1.
    pub point: u32,
    /// When it was written, milliseconds since 1970.
    pub written_at: u64,
    /// Hash over the file of the manifest before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<HashText>,
    /// The key of this point, as an armored age file.
    pub age: String,
    /// The workspaces.
    pub workspaces: BTreeMap<WorkspaceId, Held>,
    /// Secrets of the vault; none where the host has none that can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Written>,
}

/// What a point holds of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Position that it goes up to.
    pub pos: u64,
    /// Hash of the event there.
    pub last: HashText,
    /// Roots there.
    pub roots: BTreeMap<Space, HashText>,
    /// When it was as it is here, milliseconds since 1970.
    pub as_of: u64,
    /// The log from behind a position up to this one; none when nothing happened since the point before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Log>,
    /// Its data keys.
    pub keys: Kept,
}

/// A piece of a workspace's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Position behind which it begins.
    pub after: u64,
    /// The file.
    pub file: Written,
}

/// Data keys of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// At which point they were written: this one, or an earlier one when the workspace could not be asked.
    pub point: u32,
    /// The file.
    pub file: Written,
}

/// A file that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// How many bytes it has.
    pub bytes: u64,
    /// Hash over it.
    pub hash: HashText,
}

/// A manifest as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    manifest: Manifest,
    /// Hash over the manifest.
    hash: HashText,
    /// Made with the key over that hash: whoever does not know the key cannot have written it.
    seal: HashText,
}

#[derive(Deserialize)]
struct Versions {
    manifest: Version,
}

#[derive(Deserialize)]
struct Version {
    backup: u32,
}

/// The manifests of a backup, each compared with the hash that the next one has of it.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    sealed: Vec<Sealed>,
}

impl Chain {
    /// All of them.
    pub fn read(directory: &Directory) -> Result<Self, Problem> {
        let mut chain = Self::default();
        for (nth, point) in (1..).zip(directory.points()?) {
            if nth != point {
                return Err(damaged(&directory.manifest(nth), "it is missing, and a later one is there"));
            }
            let path = directory.manifest(point);
            let sealed = sealed(&path, &directory::read(&path)?)?;
            if sealed.manifest.point != point {
                return Err(damaged(&path, format!("it is the manifest of point {}", sealed.manifest.point)));
            }
            if sealed.manifest.previous != chain.hash()? {
                let before = directory.manifest(point.saturating_sub(1));
                let why = format!("it is not the manifest that {} follows, or that one was altered", path.display());
                return Err(damaged(&before, why));
            }
            chain.sealed.push(sealed);
        }
        Ok(chain)
    }

    /// The newest.
    pub fn newest(&self) -> Option<&Manifest> {
        self.sealed.last().map(|sealed| &sealed.manifest)
    }

    /// That of a point.
    pub fn at(&self, point: u32) -> Option<&Manifest> {
        let nth = usize::try_from(point.checked_sub(1)?).ok()?;
        self.sealed.get(nth).map(|sealed| &sealed.manifest)
    }

    /// The manifests, the oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Manifest> {
        self.sealed.iter().map(|sealed| &sealed.manifest)
    }

    /// Hash over the file of the newest.
    pub fn hash(&self) -> Result<Option<HashText>, Problem> {
        let over = |it| Ok(HashText(hash(Domain::Export, &[b"backup file\0", &bytes(it)?])));
        self.sealed.last().map(over).transpose()
    }

    /// Whether whoever wrote that of a point knew `key`.
    pub fn is_sealed_by(&self, point: u32, key: &TransferKey) -> bool {
        self.sealed.iter().any(|it| it.manifest.point == point && key.seal(&it.hash) == it.seal)
    }
}

impl Manifest {
    /// Write it, read it back, and say which hash it has.
    pub fn put(&self, directory: &Directory, key: &TransferKey) -> Result<(), Problem> {
        let hash = over(self)?;
        let made = Sealed { manifest: self.clone(), hash, seal: key.seal(&hash) };
        let path = directory.manifest(self.point);
        directory.put(&path, &bytes(&made)?)?;
        if sealed(&path, &read(&path)?)? == made {
            return Ok(());
        }
        Err(damaged(&path, "it was written and reads back as something else"))
    }

    /// Every file that this point needs of its own.
    pub fn files(&self, directory: &Directory) -> Vec<(PathBuf, Written)> {
        let mut files = Vec::new();
        for (workspace, held) in &self.workspaces {
            files.extend(held.log.as_ref().map(|log| (directory.log(*workspace, self.point), log.file)));
            files.push((directory.keys(*workspace, held.keys.point), held.keys.file));
        }
        files.extend(self.secrets.map(|secrets| (directory.secrets(self.point), secrets)));
        files
    }
}

/// Read a manifest. Its bytes have one form, so whatever was altered shows.
fn sealed(path: &std::path::Path, found: &[u8]) -> Result<Sealed, Problem> {
    let unreadable = |why: serde_json::Error| damaged(path, format!("it cannot be read: {why}"));
    let Versions { manifest: Version { backup } } = serde_json::from_slice(found).map_err(unreadable)?;
    if backup > MANIFEST_FORMAT {
        let what = format!("{}: a backup of version {backup}, and {MANIFEST_FORMAT} is known here", path.display());
        return Err(Problem::failed("backup_version", what, "Use a newer version of this program."));
    }
    let sealed: Sealed = serde_json::from_slice(found).map_err(unreadable)?;
    if bytes(&sealed)? != found || over(&sealed.manifest)? != sealed.hash {
        return Err(damaged(path, "it is not as it was written"));
    }
    Ok(sealed)
}

fn over(manifest: &Manifest) -> Result<HashText, Problem> {
    Ok(HashText(hash(Domain::Export, &[b"backup\0", &bytes(manifest)?])))
}

fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(|why| Problem::failed("protocol", why.to_string(), ""))
}
