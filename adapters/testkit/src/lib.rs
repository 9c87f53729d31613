//! The conformance kit: what an adapter must hold, said as cases a runner can name.
//!
//! One suite per port. A suite panics nowhere and needs no runtime, so that it also runs inside an edge host, where a
//! panic would hang the request. [`broken`] holds adapters that break one promise each: a kit that stays green over
//! them would prove nothing.

mod block_on;
pub mod broken;
pub mod store;

pub use block_on::block_on;
