//! Time and randomness, which the kernel itself never has.

use async_trait::async_trait;

/// The host's clock.
pub trait Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;
}

/// The host's timer.
#[async_trait(?Send)]
pub trait Timer {
    /// Come back after `ms` milliseconds.
    async fn sleep(&self, ms: u64);
}

/// The host's source of random bytes, fit for keys.
pub trait Entropy {
    /// 32 fresh random bytes. An error means that the source failed: nothing may be sealed with anything less.
    fn random(&self) -> Result<[u8; 32], EntropyError>;
}

/// The source of randomness failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntropyError(pub String);
