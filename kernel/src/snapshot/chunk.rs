//! A chunk: bytes under their hash, compressed where that makes them shorter.

use crate::hash::{Domain, HashText, hash};
use crate::machine::row_hash;
use crate::storage::{Address, Row};

/// Space of the chunks: beside the log, from which they can be made anew.
pub const CHUNKS_SPACE: &str = "chunks";

/// The largest chunk before compression. What is packed is far smaller; guards against one that inflates without end.
pub(super) const RAW_BYTES_MAX: usize = 512 << 10;

const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;

/// A chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    hash: HashText,
    raw: Vec<u8>,
}

impl Chunk {
    /// The chunk that holds these bytes.
    pub(super) fn of(raw: Vec<u8>) -> Self {
        Self { hash: HashText(hash(Domain::Chunk, &[&raw])), raw }
    }

    /// Its name: the hash over its bytes before compression, so that another compressor gives it no other name.
    pub fn hash(&self) -> HashText {
        self.hash
    }

    /// Its bytes.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Where it is stored.
    pub fn address(hash: &HashText) -> Address {
        Address::new(CHUNKS_SPACE, hash.to_string())
    }

    /// As it is stored, written at position `since`.
    pub fn row(&self, since: u64) -> Row {
        let value = self.stored();
        Row { hash: row_hash(&value), value, since }
    }

    /// Whether it is compressed (1 byte), and then its length (4 bytes, little-endian) and an LZ4 block, or its bytes.
    fn stored(&self) -> Vec<u8> {
        let short = lz4_flex::compress_prepend_size(&self.raw);
        if short.len() < self.raw.len() {
            [&[COMPRESSED][..], &short].concat()
        } else {
            [&[PLAIN][..], &self.raw].concat()
        }
    }

    /// Read the chunk of that name as it is stored; none when it is not that chunk.
    pub fn open(name: &HashText, stored: &[u8]) -> Option<Self> {
        let (flags, rest) = stored.split_first()?;
        let raw = match *flags {
            PLAIN if rest.len() <= RAW_BYTES_MAX => rest.to_vec(),
            COMPRESSED => inflated(rest)?,
            _ => return None,
        };
        Some(Self::of(raw)).filter(|chunk| chunk.hash == *name)
    }
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let (size, block) = lz4_flex::block::uncompressed_size(bytes).ok()?;
    if size > RAW_BYTES_MAX || bytes.len() >= size {
        return None;
    }
    lz4_flex::decompress(block, size).ok().filter(|raw| raw.len() == size)
}
