//! Sealing: every string from a person or the outside is a *sealed unit*, encrypted under its subject's data key.
//!
//! ```text
//!  plaintext ─ compress (from 256 bytes) ─ XChaCha20-Poly1305 ─► unit bytes ─ SHA-256 ─► commitment
//!                                            ▲ nonce = HMAC-SHA256(nonce subkey, AAD ‖ compressed)[..24]
//!                                            ▲ AAD   = workspace ‖ key id ‖ command id ‖ role, k ‖ schema
//! ```
//!
//! Events and rows hold the commitment only. Destroying a key therefore changes no hash and makes everything it sealed
//! unreadable, in the log, in rows and in every copy. The AAD names neither branch nor position, so work that moves
//! between branches is not encrypted again. The nonce depends on the plaintext: one command decided on two states
//! can never seal two plaintexts under one (key, nonce).

mod content;
mod index;
mod key;
mod transfer;
mod unit;

pub use content::{Content, Subject, Unit};
pub use index::IndexKey;
pub use key::DataKey;
pub use transfer::TransferKey;
pub use unit::{Bound, commitment, frame, unframe};

/// Why content cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// The bytes are not what their commitment says: they were altered.
    Altered,
    /// The key does not fit: it is another key, or what the unit is bound to differs.
    WrongKey,
    /// The bytes are not a unit.
    Malformed,
}
