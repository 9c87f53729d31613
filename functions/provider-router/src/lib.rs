//! One call of a model, on whatever host this runs.
//!
//! The router knows no vendor: an entry names a dialect, an address and a reference to a key, and the host brings
//! codecs, a vault and the one way out, which is told by the entry whom a call may reach. It decides nothing either: which provider, how often, and what it may cost is
//! decided by the kernel, and the idempotency key that comes with the call is what makes a repetition safe.

mod address;
mod concealment;
mod failure;
mod handler;
mod router;
mod stream;
#[cfg(test)]
mod tests;
mod verify;

pub use handler::{Body, CALL_BYTES_MAX, handle};
pub use ports::provider::ProviderEntry;
pub use router::{ANSWER_BYTES_MAX, Router};
pub use verify::Prober;
