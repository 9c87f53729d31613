//! What a chunk of rows or of an index holds, and its canonical bytes.

use super::chunk::{Chunk, RAW_BYTES_MAX};
use super::row::Packed;
use super::tree::Below;

/// Levels a tree may have: with a hundred entries in a chunk, more than any workspace needs.
pub(super) const LEVELS_MAX: u8 = 12;

/// A key with what stands under it: at level 0 a row, above it a chunk of the level below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// What stands under it.
    pub body: Vec<u8>,
}

impl Entry {
    /// What it counts for where a chunk's end is decided.
    pub(super) fn cost(&self) -> usize {
        self.key.len() + self.body.len() + 8
    }
}

/// Entries in the order of their keys, at one level of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The level, from 0 at the rows.
    pub level: u8,
    /// The entries; at least one.
    pub entries: Vec<Entry>,
}

impl Node {
    /// Canonical bytes: level, then for each entry how many bytes its key shares with the key before, the rest of the key
    /// led by its length (both counts 2 bytes), and the body led by its length (4 bytes); all little-endian.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.entries.iter().map(Entry::cost).sum::<usize>());
        out.push(self.level);
        let mut before: &[u8] = b"";
        for Entry { key, body } in &self.entries {
            let key = key.as_bytes();
            let shared = shared(before, key);
            let rest = key.get(shared..).unwrap_or_default();
            out.extend_from_slice(&(shared as u16).to_le_bytes());
            out.extend_from_slice(&(rest.len() as u16).to_le_bytes());
            out.extend_from_slice(rest);
            out.extend_from_slice(&(body.len() as u32).to_le_bytes());
            out.extend_from_slice(body);
            before = key;
        }
        out
    }

    /// The chunk that holds it.
    pub(super) fn chunk(&self) -> Chunk {
        Chunk::of(self.encode())
    }

    /// What `chunk` holds; none when it is no canonical encoding.
    pub fn read(chunk: &Chunk) -> Option<Self> {
        Self::decode(chunk.raw())
    }

    /// Read canonical bytes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (level, mut rest) = bytes.split_first()?;
        if *level >= LEVELS_MAX || rest.is_empty() || bytes.len() > RAW_BYTES_MAX {
            return None;
        }
        let mut entries: Vec<Entry> = Vec::new();
        while !rest.is_empty() {
            let (count, more) = rest.split_first_chunk::<2>()?;
            let (length, more) = more.split_first_chunk::<2>()?;
            let (tail, more) = more.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let (length, more) = more.split_first_chunk::<4>()?;
            let (body, more) = more.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let before = entries.last().map_or("", |entry| entry.key.as_str());
            let count = usize::from(u16::from_le_bytes(*count));
            let key = [before.as_bytes().get(..count)?, tail].concat();
            let key =
                String::from_utf8(key).ok().filter(|key| key.bytes().all(|byte| (b' '..=b'~').contains(&byte)))?;
            let follows = entries.is_empty() || before < key.as_str();
            if !follows || shared(before.as_bytes(), key.as_bytes()) != count || !fits(*level, body) {
                return None;
            }
            entries.push(Entry { key, body: body.to_vec() });
            rest = more;
        }
        Some(Self { level: *level, entries })
    }
}

fn fits(level: u8, body: &[u8]) -> bool {
    if level == 0 { Packed::read(body).is_some() } else { Below::read(body).is_some() }
}

fn shared(before: &[u8], key: &[u8]) -> usize {
    before.iter().zip(key).take_while(|(one, other)| one == other).count()
}
