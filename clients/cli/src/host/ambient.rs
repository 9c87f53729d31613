//! Time and randomness of this machine.

use async_trait::async_trait;
use ports::{Clock, Entropy, EntropyError, Timer};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// This machine's clock, timer and randomness.
#[derive(Debug, Clone, Copy)]
pub struct Machine;

impl Clock for Machine {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait(?Send)]
impl Timer for Machine {
    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

impl Entropy for Machine {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|why| EntropyError(why.to_string()))?;
        Ok(bytes)
    }
}
