//! Why a command stopped. There are two answers only, because they ask for different people to act: the change is wrong,
//! or the machine is.

use std::fmt;
use std::process::ExitCode;

/// Why a command stopped; the exit code follows from it.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something in the tree does not hold. Exit code 1.
    Check(String),
    /// This machine lacks something; the text says what and how to get it. Exit code 2.
    Environment(String),
}

impl Failure {
    pub fn check(message: impl Into<String>) -> Self {
        Self::Check(message.into())
    }

    pub fn environment(message: impl Into<String>) -> Self {
        Self::Environment(message.into())
    }

    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Check(_) => ExitCode::from(1),
            Self::Environment(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(message) => f.write_str(message),
            Self::Environment(message) => write!(f, "this machine is not ready: {message}"),
        }
    }
}
