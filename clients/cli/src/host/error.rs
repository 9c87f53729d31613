//! Why a host cannot start.

use ports::{StoreError, VaultError};

/// Why a host cannot start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// Another process uses the data directory.
    Busy(String),
    /// The port is taken or cannot be bound.
    Port(String),
    /// The data directory was made by a newer program.
    Newer {
        /// What was found.
        what: String,
        /// What to do.
        hint: String,
    },
    /// Something else, in words.
    Broken(String),
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Busy(what) | Self::Port(what) | Self::Newer { what, .. } | Self::Broken(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for HostError {}

impl From<StoreError> for HostError {
    fn from(error: StoreError) -> Self {
        Self::Busy(error.to_string())
    }
}

impl From<VaultError> for HostError {
    fn from(error: VaultError) -> Self {
        Self::Broken(error.to_string())
    }
}
