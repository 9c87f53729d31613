//! Bytes and keys in JSON, between functions of one host.

/// Bytes as base64.
pub mod bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// Write them.
    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    /// Read them.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// A key as the base64url of its 32 bytes.
pub mod key {
    use kernel::hash::HashText;
    use kernel::seal::TransferKey;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    /// Write it.
    pub fn serialize<S: Serializer>(key: &TransferKey, to: S) -> Result<S::Ok, S::Error> {
        HashText(*key.bytes()).serialize(to)
    }

    /// Read it.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TransferKey, D::Error> {
        HashText::deserialize(from).map(|key| TransferKey::new(key.0))
    }
}
