//! A row as a snapshot keeps it. Its hash is not kept: it follows from the value.

use super::chunk::Chunk;
use crate::hash::HashText;
use crate::machine::row_hash;
use crate::storage::Row;

/// From this many bytes on a value is kept apart, in chunks of its own.
const APART_FROM: usize = 64 << 10;
/// Bytes of a value in each of them.
const PIECE_BYTES: usize = 256 << 10;

const HERE: u8 = 0;
const APART: u8 = 1;
/// In front of a piece, where other chunks have their level.
const PIECE: u8 = 255;

/// A row in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Position of the event that wrote it last.
    pub since: u64,
    /// Its value.
    pub value: Value,
}

/// A value in a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// It stands in the chunk.
    Here(Vec<u8>),
    /// It is so many bytes long and stands in these chunks, one after the other.
    Apart(u32, Vec<HashText>),
}

/// What stands under the row's key in a chunk, and the chunks of its value if it is kept apart: `since` (8 bytes) and 0 and
/// the value, or `since` and 1 and the value's size (4 bytes) and the names of its chunks.
pub fn packed(row: &Row) -> (Vec<u8>, Vec<Chunk>) {
    let since = row.since.to_le_bytes();
    if row.value.len() < APART_FROM {
        return ([&since[..], &[HERE], &row.value].concat(), Vec::new());
    }
    let pieces = row.value.chunks(PIECE_BYTES).map(|piece| Chunk::of([&[PIECE][..], piece].concat()));
    let pieces: Vec<Chunk> = pieces.collect();
    let mut body = [&since[..], &[APART], &(row.value.len() as u32).to_le_bytes()].concat();
    body.extend(pieces.iter().flat_map(|piece| piece.hash().0));
    (body, pieces)
}

impl Packed {
    /// Read what stands under a row's key.
    pub fn read(body: &[u8]) -> Option<Self> {
        let (since, rest) = body.split_first_chunk::<8>()?;
        let (tag, rest) = rest.split_first()?;
        let value = match *tag {
            HERE if rest.len() < APART_FROM => Value::Here(rest.to_vec()),
            APART => apart(rest)?,
            _ => return None,
        };
        Some(Self { since: u64::from_le_bytes(*since), value })
    }

    /// The chunks in which its value stands, if it is kept apart.
    pub fn pieces(&self) -> &[HashText] {
        match &self.value {
            Value::Here(_) => &[],
            Value::Apart(_, pieces) => pieces,
        }
    }

    /// Bytes of its value that stand elsewhere.
    pub(super) fn bytes_apart(&self) -> u64 {
        match &self.value {
            Value::Here(_) => 0,
            Value::Apart(size, _) => u64::from(*size),
        }
    }

    /// The row, put together from `pieces` in their order; none when they are not its pieces.
    pub fn row<'a>(self, pieces: impl IntoIterator<Item = &'a Chunk>) -> Option<Row> {
        let value = match self.value {
            Value::Here(value) => value,
            Value::Apart(size, names) => {
                let mut value = Vec::with_capacity(size as usize);
                let mut found = pieces.into_iter();
                for name in names {
                    let piece = found.next().filter(|piece| piece.hash() == name)?;
                    let (_, bytes) = piece.raw().split_first().filter(|(tag, _)| **tag == PIECE)?;
                    value.extend_from_slice(bytes);
                }
                Some(value).filter(|value| value.len() == size as usize)?
            }
        };
        Some(Row { hash: row_hash(&value), value, since: self.since })
    }
}

fn apart(bytes: &[u8]) -> Option<Value> {
    let (size, names) = bytes.split_first_chunk::<4>()?;
    let size = u32::from_le_bytes(*size);
    let (names, rest) = names.as_chunks::<32>();
    let is_whole = rest.is_empty() && (size as usize) >= APART_FROM;
    if !is_whole || names.len() != (size as usize).div_ceil(PIECE_BYTES) {
        return None;
    }
    Some(Value::Apart(size, names.iter().copied().map(HashText).collect()))
}
