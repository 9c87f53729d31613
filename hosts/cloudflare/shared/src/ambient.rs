//! Time and randomness of an isolate.

use async_trait::async_trait;
use futures_util::task::AtomicWaker;
use ports::{Clock, Entropy, EntropyError, Timer};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use worker::{Date, Delay};

/// The longest time that the platform's timers count; what is longer would be over at once.
const SLEEP_MS_MAX: u64 = i32::MAX as u64;

/// The isolate's clock, timer and randomness. The clock stands still while a turn computes.
#[derive(Debug, Clone, Copy)]
pub struct Isolate;

impl Clock for Isolate {
    fn now_ms(&self) -> u64 {
        Date::now().as_millis()
    }
}

#[async_trait(?Send)]
impl Timer for Isolate {
    async fn sleep(&self, ms: u64) {
        let mut delay = pin!(Delay::from(Duration::from_millis(ms.min(SLEEP_MS_MAX))));
        let sleeper = Arc::new(Sleeper::default());
        let waker = Waker::from(Arc::clone(&sleeper));
        poll_fn(|cx| {
            sleeper.waker.register(cx.waker());
            delay.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await;
    }
}

/// Whoever waits last. The platform's timer wakes whoever waited first, who may have handed the waiting on.
#[derive(Default)]
struct Sleeper {
    waker: AtomicWaker,
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.waker.wake();
    }
}

impl Entropy for Isolate {
    fn random(&self) -> Result<[u8; 32], EntropyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|why| EntropyError(why.to_string()))?;
        Ok(bytes)
    }
}
