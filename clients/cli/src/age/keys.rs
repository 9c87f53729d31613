//! Keys of people, as `age` writes them: `age1…` to wrap for somebody, `AGE-SECRET-KEY-1…` to open.

use bech32::{Bech32, Hrp};
use std::str::FromStr;
use x25519_dalek::{PublicKey, StaticSecret};

const RECIPIENT: &str = "age";
const IDENTITY: &str = "age-secret-key-";

/// Somebody a file can be for.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(pub(super) PublicKey);

/// The key of somebody a file can be for.
#[derive(Clone)]
pub struct Identity(pub(super) StaticSecret);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = Hrp::parse(RECIPIENT).ok().and_then(|hrp| bech32::encode::<Bech32>(hrp, self.0.as_bytes()).ok());
        f.write_str(&text.unwrap_or_default())
    }
}

impl Identity {
    /// Whom a file has to be for so that this opens it.
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }

    /// The identities in the text of a key file: one a line, among comments.
    pub fn all(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().map(str::trim).enumerate();
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let read = |(nth, line): (usize, &str)| line.parse().map_err(|why| format!("line {}: {why}", nth + 1));
        match keys.map(read).collect::<Result<Vec<Self>, String>>()? {
            none if none.is_empty() => Err("it holds no key".to_owned()),
            some => Ok(some),
        }
    }
}

impl FromStr for Recipient {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let why = "a recipient is written as age1… and 58 characters more";
        bytes(text, RECIPIENT).map(|bytes| Self(PublicKey::from(bytes))).ok_or_else(|| why.to_owned())
    }
}

impl FromStr for Identity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let why = "an identity is written as AGE-SECRET-KEY-1… and 58 characters more";
        bytes(text, IDENTITY).map(|bytes| Self(StaticSecret::from(bytes))).ok_or_else(|| why.to_owned())
    }
}

fn bytes(text: &str, kind: &str) -> Option<[u8; 32]> {
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32>(text).ok()?;
    if !checked.hrp().as_str().eq_ignore_ascii_case(kind) {
        return None;
    }
    let bytes: Vec<u8> = checked.byte_iter().collect();
    bytes.try_into().ok()
}
