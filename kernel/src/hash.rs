//! Hashes: SHA-256 with a domain in front, so that no value of one kind can pass as another.

use crate::id::{BadId, serde_by_text};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Version of everything that enters a hash: event envelope, row encoding, page encoding, sealed units.
/// A root or an event names it; a change of any of these encodings raises it.
pub const FORMAT: u32 = 1;

/// What is hashed. The text is part of the hash format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// A row's value.
    Row,
    /// An event's stored bytes.
    Event,
    /// A page of the state map.
    Page,
    /// A sealed unit.
    Unit,
    /// A command as it was sent.
    Command,
    /// A link of a device's chain of commands.
    Chain,
    /// A device's or a workspace's identity.
    Identity,
    /// The root of a fork over its base.
    Fork,
    /// What a person is asked to decide.
    Approval,
    /// A frame of a file in which a workspace travels, after the ones before it.
    Export,
    /// A chunk of a snapshot, before it is compressed.
    Chunk,
    /// What a segment of the log consists of, as it is stored.
    Segment,
}

impl Domain {
    const fn tag(self) -> &'static [u8] {
        match self {
            Self::Row => b"kernelos/1/row\0",
            Self::Event => b"kernelos/1/event\0",
            Self::Page => b"kernelos/1/page\0",
            Self::Unit => b"kernelos/1/unit\0",
            Self::Command => b"kernelos/1/command\0",
            Self::Chain => b"kernelos/1/chain\0",
            Self::Identity => b"kernelos/1/identity\0",
            Self::Fork => b"kernelos/1/fork\0",
            Self::Approval => b"kernelos/1/approval\0",
            Self::Export => b"kernelos/1/export\0",
            Self::Chunk => b"kernelos/1/chunk\0",
            Self::Segment => b"kernelos/1/segment\0",
        }
    }
}

/// SHA-256 over the domain's tag and `parts` one after the other.
///
/// Parts are not delimited: a caller with more than one part of variable length writes lengths between them.
pub fn hash(domain: Domain, parts: &[&[u8]]) -> Hash {
    let mut hashing = Hashing::begin(domain);
    parts.iter().for_each(|part| hashing.update(part));
    hashing.end()
}

/// The same over parts that come one after the other and need not be in memory together.
#[derive(Debug, Clone)]
pub struct Hashing(Sha256);

impl Hashing {
    /// Nothing was hashed yet.
    pub fn begin(domain: Domain) -> Self {
        let mut sha = Sha256::new();
        sha.update(domain.tag());
        Self(sha)
    }

    /// Go on with `part`.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The hash over all parts.
    pub fn end(self) -> Hash {
        self.0.finalize().into()
    }
}

/// A hash as it stands in events and rows: base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashText(pub Hash);

impl std::fmt::Display for HashText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        base64::display::Base64Display::new(&self.0, &URL_SAFE_NO_PAD).fmt(f)
    }
}

impl std::fmt::Debug for HashText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for HashText {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let mut out = [0; 32];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut out) {
            Ok(32) => Ok(Self(out)),
            _ => Err(BadId),
        }
    }
}

serde_by_text!(HashText);
