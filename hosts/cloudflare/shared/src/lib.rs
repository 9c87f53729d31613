//! What the Workers of the Cloudflare host have in common: time and randomness, requests and answers, the ways between
//! them and out, and what they are set up with.
//!
//! A panic is a request that is never answered, here more than anywhere. So what the bindings of the platform would panic
//! on, headers that are not plain ASCII above all, is converted here and not by them.

mod ambient;
pub mod directory;
mod fetch;
mod headers;
mod incoming;
mod objects;
mod outgoing;
pub mod setup;
mod stream;
mod vault;
mod way_out;

pub use ambient::Isolate;
pub use fetch::{Binding, Outside};
pub use incoming::{body, read};
pub use objects::{DirectoryObject, SequencerObjects};
pub use outgoing::{streamed, whole};
pub use stream::{Chunks, Pump, stream};
pub use vault::SecretsVault;
pub use way_out::broker;
