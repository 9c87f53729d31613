//! Secrets apart from the log: the host's keys and the credentials of providers.

use async_trait::async_trait;

/// A secret value. Never printed, never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wrap `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a vault has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultError {
    /// There is no secret of that name.
    Unknown(String),
    /// The reference is not of a form the vault knows (`env:NAME`, `vault:NAME`).
    BadReference(String),
    /// The vault cannot be read or written, or what it holds was altered.
    Broken(String),
}

impl std::fmt::Display for VaultError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "there is no secret {name}"),
            Self::BadReference(text) => {
                write!(f, "{text} is not a reference to a secret; write env:NAME or vault:NAME")
            }
            Self::Broken(why) => write!(f, "the vault cannot be used: {why}"),
        }
    }
}

impl std::error::Error for VaultError {}

/// Where secrets are kept. Events and rows hold references only.
#[async_trait(?Send)]
pub trait Vault {
    /// The 32-byte key under which a workspace's data keys are wrapped; made at first use, the same ever after.
    async fn workspace_key(&self, workspace: &str) -> Result<[u8; 32], VaultError>;

    /// The secret behind a reference: `env:NAME` or `vault:NAME`.
    async fn secret(&self, reference: &str) -> Result<Secret, VaultError>;

    /// Keep `secret` as `vault:NAME`.
    async fn keep(&self, name: &str, secret: Secret) -> Result<(), VaultError>;
}
