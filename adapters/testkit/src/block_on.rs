//! Waiting without a runtime.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Poll `future` until it is ready.
///
/// The embedded stores answer at the first poll. Nothing wakes this loop: a future that waits for the outside world
/// makes it spin, and belongs on a runtime instead.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}
