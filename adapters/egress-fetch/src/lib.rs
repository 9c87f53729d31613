//! The two halves of the way out on hosts that make connections themselves, and only give out `fetch`.
//!
//! Names are asked over HTTPS (the JSON form of DNS, A and AAAA), so that the broker's check of addresses says no to what
//! is not public here as everywhere. An exchange is one `fetch` to exactly the origin that was checked, and follows
//! nothing.
//!
//! What is weaker than where connections are made by ourselves: the platform resolves the name once more and connects to
//! what it finds, so a name that means another machine a moment later leads there. What stands against it is the
//! platform's own rule that `fetch` reaches no private network. The platform also proves the peer's name, adds headers of
//! its own, may refuse addresses that are written as numbers, decodes bodies, and pools connections.

mod connection;
mod resolver;
#[cfg(test)]
mod tests;

pub use connection::FetchDialler;
pub use resolver::{DNS, HttpsResolver};
