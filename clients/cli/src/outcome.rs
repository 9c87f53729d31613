//! How a command of the program ends: data on stdout, talk on stderr, and an exit code that scripts can rely on.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | it was tried and failed; what was there before is as it was |
//! | 2 | it was not understood: unknown flags, a workflow file with mistakes |
//! | 3 | something stored is not as it was written |
//! | 4 | it waits for a person; nothing is lost, and it goes on when somebody decides |
//! | 130 | the user interrupted it; what was begun is in the log and goes on when a host runs |

use std::io::Write as _;
use std::process::ExitCode;

/// Print a line of data. Whoever closed the output does not want to read it, and is not told.
pub fn print(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Why a command of the program failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Exit code.
    pub exit: u8,
    /// Stable code.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

impl Problem {
    /// It was tried and failed.
    pub fn failed(code: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: 1, code: code.into(), what: what.into(), hint: hint.into() }
    }

    /// It was not understood.
    pub fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::failed("usage", what, hint) }
    }

    /// A workflow file, or the file beside it, has mistakes.
    pub fn invalid_workflow(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: 2, ..Self::failed("invalid_workflow", what, hint) }
    }

    /// It waits for a person.
    pub fn waits(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: 4, ..Self::failed("waits_for_a_person", what, hint) }
    }

    /// The user interrupted it.
    pub fn interrupted(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: 130, ..Self::failed("interrupted", what, hint) }
    }

    /// Something stored is not as it was written.
    pub fn damaged(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: 3, ..Self::failed("damaged", what, hint) }
    }

    /// Say it on stderr.
    pub fn tell(&self) -> ExitCode {
        eprintln!("error[{}]: {}", self.code, self.what);
        if !self.hint.is_empty() {
            eprintln!("\nhint: {}", self.hint);
        }
        ExitCode::from(self.exit)
    }
}

impl From<crate::host::HostError> for Problem {
    fn from(error: crate::host::HostError) -> Self {
        match error {
            crate::host::HostError::Busy(what) => Self::failed(
                "data_busy",
                what,
                "Stop the process that uses the directory, or name another with --data.",
            ),
            crate::host::HostError::Port(what) => Self::failed("port_taken", what, "Choose another port with --port."),
            crate::host::HostError::Newer { what, hint } => Self::failed("data_newer", what, hint),
            crate::host::HostError::Broken(what) => {
                Self::failed("host", what, "Run `kernelos doctor` to see what is wrong.")
            }
        }
    }
}

impl From<ports::StoreError> for Problem {
    fn from(error: ports::StoreError) -> Self {
        match error {
            ports::StoreError::Damaged { .. } => {
                Self::damaged(error.to_string(), "Run `kernelos replay --verify` to see everything that is damaged.")
            }
            _ => Self::failed("store", error.to_string(), "Run `kernelos doctor` to see what is wrong."),
        }
    }
}
