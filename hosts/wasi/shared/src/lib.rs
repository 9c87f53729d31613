//! What the components of a WASI host have in common: time and randomness, variables, the database, requests and answers,
//! and the ways between them and out.
//!
//! A component serves one request and is gone. Nothing here is kept between two of them: hosts may reuse an instance, or
//! serve several requests in it at once.

mod ambient;
mod fetch;
mod incoming;
mod io;
mod key;
mod outgoing;
pub mod setup;
mod siblings;
mod silence;
mod sql;
mod vault;

pub use ambient::Wasi;
pub use fetch::WasiFetch;
pub use incoming::read;
pub use key::workspace_key;
pub use outgoing::{streamed, whole};
pub use siblings::{ASK, PROVIDER_ROUTER, Sequencers, TICK, WAKE, WORK_WAITS, WORKSPACES, tick, wake};
pub use silence::Silence;
pub use sql::{database, store};
pub use vault::VariablesVault;
pub use wasi;

/// Run `future` to its end: one request.
pub fn run(future: impl Future<Output = ()>) {
    spin_executor::run(future);
}
