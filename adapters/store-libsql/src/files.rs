//! The files of one workspace.

use std::path::{Path, PathBuf};

/// Where a workspace's files are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// The workspace's id. It is also the text in every `ws` column.
    pub(crate) id: String,
    /// The SQLite file. A workspace exists exactly when this file does.
    pub(crate) database: PathBuf,
    /// The anchor.
    pub(crate) anchor: PathBuf,
}

impl Files {
    /// The files of the workspace `id` in `dir`; none if `id` is no workspace id.
    ///
    /// Ids become file names and stand inside prepared statements, so nothing else may pass here.
    pub(crate) fn of(dir: &Path, id: &str) -> Option<Self> {
        let plain = id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if !plain || !(1..=64).contains(&id.len()) {
            return None;
        }
        let file = |ending: &str| dir.join(format!("{id}.{ending}"));
        Some(Self { id: id.to_owned(), database: file("db"), anchor: file("anchor") })
    }

    /// Where a new file is prepared before it becomes [`Files::database`] by its name.
    pub(crate) fn unborn(&self) -> PathBuf {
        self.database.with_extension("new")
    }

    /// The file as it is named in errors.
    pub(crate) fn name(&self) -> String {
        self.database.display().to_string()
    }
}

/// The write-ahead log and the index SQLite keeps beside `database`.
pub(crate) fn companions(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    })
}
