//! One page of the state map, and its canonical bytes.

use crate::hash::{Domain, Hash, HashText, hash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where a page is: its level, and the key it begins with (empty for the first page of a level).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageKey {
    /// Level, from 0 at the rows.
    pub level: u8,
    /// The key it begins with.
    pub start: String,
}

impl PageKey {
    /// The page's key in a store.
    pub fn text(&self) -> String {
        format!("{:02}/{}", self.level, self.start)
    }

    /// Read what [`PageKey::text`] gave.
    pub fn parse(text: &str) -> Option<Self> {
        let (level, start) = text.split_once('/')?;
        Some(Self { level: level.parse().ok()?, start: start.to_owned() })
    }
}

/// Where a map's root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// How many levels there are.
    pub height: u8,
    /// Hash of the one page of the highest level.
    pub root: HashText,
}

/// A page: keys in order, each with a hash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page(pub Vec<(String, Hash)>);

impl Page {
    /// Canonical bytes: level, then per entry the count of bytes shared with the key before, the rest of the key led by
    /// its length (both counts 2 bytes, little-endian), and the hash.
    pub fn encode(&self, level: u8) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.0.len() * 48);
        out.push(level);
        let mut before: &[u8] = b"";
        for (key, hash) in &self.0 {
            let key = key.as_bytes();
            let shared = before.iter().zip(key).take_while(|(a, b)| a == b).count();
            let rest = key.get(shared..).unwrap_or_default();
            out.extend_from_slice(&(shared as u16).to_le_bytes());
            out.extend_from_slice(&(rest.len() as u16).to_le_bytes());
            out.extend_from_slice(rest);
            out.extend_from_slice(hash);
            before = key;
        }
        out
    }

    /// Read canonical bytes of a page of `level`.
    pub fn decode(level: u8, bytes: &[u8]) -> Option<Self> {
        let (found, mut rest) = bytes.split_first()?;
        if *found != level {
            return None;
        }
        let mut entries: Vec<(String, Hash)> = Vec::new();
        while !rest.is_empty() {
            let (shared, more) = rest.split_first_chunk::<2>()?;
            let (length, more) = more.split_first_chunk::<2>()?;
            let (key, more) = more.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let (hash, more) = more.split_first_chunk::<32>()?;
            let before = entries.last().map_or("", |(key, _)| key.as_str());
            let shared = before.get(..usize::from(u16::from_le_bytes(*shared)))?;
            entries.push((format!("{shared}{}", std::str::from_utf8(key).ok()?), *hash));
            rest = more;
        }
        Some(Self(entries))
    }

    /// Hash of a page's canonical bytes.
    pub fn hash(bytes: &[u8]) -> Hash {
        hash(Domain::Page, &[bytes])
    }
}

/// How many levels a key begins pages at: leading zero nibbles of its SHA-256.
pub fn rank(key: &str) -> u8 {
    let digest = Sha256::digest(key.as_bytes());
    let mut nibbles = 0;
    for byte in digest {
        match byte {
            0 => nibbles += 2,
            1..=15 => return nibbles + 1,
            _ => return nibbles,
        }
    }
    nibbles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_back_and_a_cut_one_does_not() {
        let page = Page(vec![("".into(), [1; 32]), ("task/1".into(), [2; 32]), ("task/15".into(), [3; 32])]);
        let bytes = page.encode(1);
        assert_eq!(Page::decode(1, &bytes), Some(page));
        assert_eq!(Page::decode(0, &bytes), None);
        for cut in 2..bytes.len() {
            assert_ne!(Page::decode(1, &bytes[..cut]).map(|page| page.0.len()), Some(3), "cut at {cut}");
        }
    }
}
