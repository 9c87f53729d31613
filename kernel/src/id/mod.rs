//! Names: of devices, workspaces, commands, and of everything a command makes.
//!
//! An id is *derived* from the command that makes the thing, so that deciding a command again, on another state or
//! another host, names the same things. A secret is never derived; see [`crate::seal`].
//!
//! Every id has a text form whose byte order is the order of the ids: lower-case Crockford base32 for bytes, and numbers
//! led by the count of their digits (`5` → `15`, `40` → `218`).

mod command;
mod derived;
mod fingerprint;
pub mod text;

pub use command::CommandId;
pub use derived::{Id, Role};
pub use fingerprint::{BlobId, BootId, DeviceId, KeyId, RuntimeId, WorkspaceId};

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadId;

impl std::fmt::Display for BadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for BadId {}

/// Serde by text form, for a type with `Display` and `FromStr`.
macro_rules! serde_by_text {
    ($($name:ty),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("the text of a ", stringify!($name)))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                d.deserialize_str(Text)
            }
        }
    )+};
}
pub(crate) use serde_by_text;
