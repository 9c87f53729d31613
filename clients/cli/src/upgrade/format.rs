//! The file that says which version a data directory is of.

use super::copy::{put, unusable};
use crate::host::HostError;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::Path;

/// Its name.
const FILE: &str = "format";

/// What stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Version of the directory.
    pub data: u32,
    /// Version of the program that wrote this.
    pub program: String,
    /// The version that an upgrade leads to which is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrading: Option<u32>,
    /// Where the copy is that the newest upgrade made before it began, below the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// How a directory stands to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is in it yet.
    New,
    /// It is of that version.
    Current,
    /// It is of an older one.
    Older(Format),
}

impl Standing {
    /// How the directory stands to the version `known`; one that is newer is refused.
    pub fn of(data: &Path, known: u32) -> Result<Self, HostError> {
        let format = match Format::read(data)? {
            Some(format) => format,
            None if is_empty(data) => return Ok(Self::New),
            None => Format { data: 0, program: String::new(), upgrading: None, before: None },
        };
        let version = format.data.max(format.upgrading.unwrap_or_default());
        if version > known {
            return Err(newer(data, version, known, &format));
        }
        let is_current = format.data == known && format.upgrading.is_none();
        Ok(if is_current { Self::Current } else { Self::Older(format) })
    }
}

impl Format {
    /// Of a directory that is of version `data` from now on.
    pub fn now(data: u32) -> Self {
        Self { data, program: env!("CARGO_PKG_VERSION").to_owned(), upgrading: None, before: None }
    }

    fn read(data: &Path) -> Result<Option<Self>, HostError> {
        let path = data.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(unusable(&path, &why)),
        };
        let damaged = |why| HostError::Broken(format!("{} does not say which version it is of: {why}", path.display()));
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Write it, by one rename.
    pub fn write(&self, data: &Path) -> Result<(), HostError> {
        let bytes = serde_json::to_vec(self).map_err(|why| HostError::Broken(why.to_string()))?;
        put(&data.join(FILE), &[bytes.as_slice(), b"\n"].concat())
    }
}

/// Whether nobody kept anything in the directory yet.
fn is_empty(data: &Path) -> bool {
    let has_workspace = std::fs::read_dir(data.join("workspaces")).into_iter().flatten().flatten();
    let mut workspaces = has_workspace.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "db"));
    !data.join("device.key").exists() && !data.join("vault").exists() && workspaces.next().is_none()
}

fn newer(data: &Path, version: u32, known: u32, format: &Format) -> HostError {
    let (data, program) = (data.display(), env!("CARGO_PKG_VERSION"));
    let what = format!(
        "{data} is of data version {version}, written by version {} of the program; this is {program}, which knows {known}",
        format.program
    );
    let mut hint = format!("Use version {} of the program, or a later one. Nothing was changed.", format.program);
    if let Some(before) = &format.before {
        hint = format!("{hint}\nAs it was before the upgrade, for this program: --data {data}/{before}");
    }
    HostError::Newer { what, hint }
}
