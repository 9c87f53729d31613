//! Time and randomness as WASI gives them.

use async_trait::async_trait;
use ports::{Clock, Entropy, EntropyError, Timer};
use spin_executor::CancelOnDropToken;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{SystemTime, UNIX_EPOCH};
use wasi::clocks::monotonic_clock;

/// The host's clock, timer and randomness.
#[derive(Debug, Clone, Copy)]
pub struct Wasi;

impl Clock for Wasi {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait(?Send)]
impl Timer for Wasi {
    async fn sleep(&self, ms: u64) {
        let until = monotonic_clock::now().saturating_add(ms.saturating_mul(1_000_000));
        // Held while it is waited for: who gives up waiting takes the timer away too.
        let mut _waiting: Option<CancelOnDropToken> = None;
        poll_fn(move |cx| {
            if monotonic_clock::now() >= until {
                return Poll::Ready(());
            }
            let over = monotonic_clock::subscribe_instant(until);
            let token = spin_executor::push_waker_and_get_token(over, cx.waker().clone());
            _waiting = Some(CancelOnDropToken::from(token));
            Poll::Pending
        })
        .await;
    }
}

impl Entropy for Wasi {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|why| EntropyError(why.to_string()))?;
        Ok(bytes)
    }
}
