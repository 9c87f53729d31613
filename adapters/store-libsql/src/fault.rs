//! What an error of SQLite means for whoever asked.

use libsql::Error;
use ports::StoreError;

use crate::files::Files;

/// What can end the work on a file.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// SQLite said so.
    Sql(Error),
    /// This store said so.
    Answer(StoreError),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(answer: StoreError) -> Self {
        Self::Answer(answer)
    }
}

impl Trouble {
    /// The answer of the port, for a file.
    pub(crate) fn about(self, files: &Files) -> StoreError {
        match self {
            Self::Sql(error) => fault(files, &error),
            Self::Answer(answer) => answer,
        }
    }
}

/// A value in the file is not what was written.
pub(crate) fn damaged(files: &Files, what: &str) -> StoreError {
    StoreError::Damaged { what: format!("{}: {what}", files.name()) }
}

/// The meaning of `error` from the file of a workspace.
///
/// Every statement is fixed and prepared against a schema this store wrote. So a statement that no longer fits its
/// schema means a damaged file, like the codes SQLite has for damage; all else is the system's trouble.
pub(crate) fn fault(files: &Files, error: &Error) -> StoreError {
    match error {
        Error::SqliteFailure(code, said) if is_damage(*code) => damaged(files, &format!("{said} (SQLite {code})")),
        Error::SqliteFailure(code, said) => {
            StoreError::Unavailable(format!("{}: {said} (SQLite {code})", files.name()))
        }
        other => StoreError::Unavailable(format!("{}: {other}", files.name())),
    }
}

/// Whether a statement was refused because its primary key is taken.
pub(crate) fn is_taken(error: &Error) -> bool {
    const CONSTRAINT: i32 = 19;
    matches!(error, Error::SqliteFailure(code, _) if code & 0xff == CONSTRAINT)
}

fn is_damage(code: i32) -> bool {
    const ERROR: i32 = 1;
    const CORRUPT: i32 = 11;
    const TOO_BIG: i32 = 18;
    const FORMAT: i32 = 24;
    const NOT_A_DATABASE: i32 = 26;
    const SHORT_READ: i32 = 10 | (2 << 8);
    const BAD_DATA: i32 = 10 | (32 << 8);
    const BAD_FILE_SYSTEM: i32 = 10 | (33 << 8);
    matches!(code & 0xff, ERROR | CORRUPT | TOO_BIG | FORMAT | NOT_A_DATABASE)
        || matches!(code, SHORT_READ | BAD_DATA | BAD_FILE_SYSTEM)
}
