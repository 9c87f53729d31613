//! The runtime: leases an effect, performs it, reports the outcome with its fencing token, and may die at any moment.
//!
//! It owns nothing. What it was doing stands in the log as a lease; another runtime, or its own next process, goes on at
//! the step. The idempotency key it sends outward belongs to the effect, so every attempt carries the same one.

mod perform;
mod request;
mod shift;
mod work;

pub use perform::{Finished, Runtime};
pub use shift::{Left, Shift, Shifts, Terms};
