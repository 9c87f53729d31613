//! The one way out of a workspace: which peers a request may reach, checked at every hop.
//!
//! A workspace names the hosts it may speak to, and nothing else is spoken to. A name on that list is not enough: every
//! address it means must be a public one, or be granted, and the address that was checked is the one that is connected
//! to. Redirects are followed here and nowhere below, each with the whole check again. Secrets are put in last, and
//! leave with the first host only.
//!
//! All of the policy is pure and stands in files of its own; only `broker.rs` and
//! `body.rs` wait for anything.

mod address;
mod body;
mod broker;
mod failure;
mod host;
mod message;
mod policy;
mod range;
mod redirect;
mod rule;
mod secrets;
mod target;
#[cfg(test)]
mod tests;

pub use broker::Broker;
pub use policy::Policy;
