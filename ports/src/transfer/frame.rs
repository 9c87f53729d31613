//! Frames: what a file consists of. Each is hashed with all that stands before it, so damage is named where it is.

use crate::problem::Fault;
use kernel::hash::{Domain, HashText, hash};

/// How every file begins.
pub const MAGIC: &[u8] = b"kernelos-export\n";

/// What a frame may hold before it is compressed: the largest row of a store, with what says what it is.
pub const RAW_BYTES_MAX: usize = 1_010_000;

/// The largest frame. It fits into one request to any host.
pub const FRAME_BYTES_MAX: usize = RAW_BYTES_MAX + HEAD_BYTES + HASH_BYTES;

/// Kind, length, length before it was compressed.
const HEAD_BYTES: usize = 9;
const HASH_BYTES: usize = 32;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// What the file is about: JSON.
    About,
    /// Events, keys, chunks.
    Records,
    /// How it ends: JSON.
    Ending,
    /// Why there is no more: words.
    Failure,
}

impl FrameKind {
    const ALL: [(u8, Self); 4] = [(1, Self::About), (2, Self::Records), (3, Self::Ending), (4, Self::Failure)];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|(code, _)| *code == byte).map(|(_, kind)| kind)
    }

    fn byte(self) -> u8 {
        Self::ALL.into_iter().find(|(_, kind)| *kind == self).map_or(0, |(code, _)| code)
    }
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it holds.
    pub kind: FrameKind,
    /// Its bytes, unpacked.
    pub raw: Vec<u8>,
    /// How many bytes it takes in the file.
    pub size: usize,
    /// Hash over the file up to its end.
    pub chain: HashText,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bad {
    /// It is no export.
    Foreign(String),
    /// It is of a version that is not known here.
    Version(String),
    /// It was altered.
    Altered(String),
    /// It ends before its end.
    Cut,
}

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign(why) | Self::Version(why) | Self::Altered(why) => f.write_str(why),
            Self::Cut => f.write_str("it ends before its end"),
        }
    }
}

impl From<Bad> for (Fault, String) {
    fn from(bad: Bad) -> Self {
        let fault = match bad {
            Bad::Foreign(_) => Fault::ImportForeign,
            Bad::Version(_) => Fault::ImportVersion,
            Bad::Altered(_) | Bad::Cut => Fault::ImportAltered,
        };
        (fault, bad.to_string())
    }
}

/// The hash before the first frame.
pub fn begin() -> HashText {
    HashText(hash(Domain::Export, &[MAGIC]))
}

/// A frame that holds `raw`, to stand behind what `chain` is over, which is over the frame too from then on.
pub fn write(chain: &mut HashText, kind: FrameKind, raw: &[u8]) -> Vec<u8> {
    let packed = Some(lz4_flex::block::compress(raw)).filter(|packed| packed.len() < raw.len());
    let payload = packed.as_deref().unwrap_or(raw);
    let mut frame = Vec::with_capacity(HEAD_BYTES + payload.len() + HASH_BYTES);
    frame.push(kind.byte());
    frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    frame.extend_from_slice(&(raw.len() as u32).to_le_bytes());
    frame.extend_from_slice(payload);
    *chain = HashText(hash(Domain::Export, &[&chain.0, &frame]));
    frame.extend_from_slice(&chain.0);
    frame
}

/// The frame at the beginning of `bytes`, behind what `chain` is over; none when more bytes are needed to tell.
pub fn read(bytes: &[u8], chain: &HashText) -> Result<Option<Frame>, Bad> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD_BYTES>() else { return Ok(None) };
    let [kind, a, b, c, d, e, f, g, h] = *head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let raw_length = u32::from_le_bytes([e, f, g, h]) as usize;
    let altered = |why: &str| Err(Bad::Altered(why.to_owned()));
    let Some(kind) = FrameKind::of(kind) else { return altered("a frame is of no kind there is") };
    if length > RAW_BYTES_MAX || raw_length > RAW_BYTES_MAX || length > raw_length {
        return altered("a frame says that it is longer than frames are");
    }
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let Some((said, _)) = rest.split_first_chunk::<HASH_BYTES>() else { return Ok(None) };
    let over = hash(Domain::Export, &[&chain.0, head, payload]);
    if over != *said {
        return altered("the hash of a frame does not fit it");
    }
    let raw = if length == raw_length {
        payload.to_vec()
    } else {
        let unpacked = lz4_flex::block::decompress(payload, raw_length).ok().filter(|raw| raw.len() == raw_length);
        let Some(unpacked) = unpacked else { return altered("a frame cannot be unpacked") };
        unpacked
    };
    Ok(Some(Frame { kind, raw, size: HEAD_BYTES + length + HASH_BYTES, chain: HashText(over) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_the_next_one_follows_it() {
        let mut chain = begin();
        let long = b"the same over and over. ".repeat(1000);
        let mut file = write(&mut chain, FrameKind::Records, &long);
        assert!(file.len() < long.len() / 10);
        let first = file.len();
        file.extend(write(&mut chain, FrameKind::Ending, b"short"));
        let one = read(&file, &begin()).unwrap().unwrap();
        assert_eq!((one.kind, one.raw, one.size), (FrameKind::Records, long, first));
        let two = read(&file[first..], &one.chain).unwrap().unwrap();
        assert_eq!((two.kind, two.raw.as_slice(), two.chain), (FrameKind::Ending, b"short".as_slice(), chain));
        assert!(read(&file[first..], &begin()).is_err(), "a frame stands behind the one before it and nowhere else");
    }

    #[test]
    fn every_byte_of_a_frame_counts_and_every_cut_asks_for_more() {
        let file = write(&mut begin(), FrameKind::Records, &b"some words of some length ".repeat(9));
        for at in 0..file.len() {
            assert_eq!(read(&file[..at], &begin()), Ok(None), "cut at {at}");
            for bit in 0..8 {
                let mut altered = file.clone();
                altered[at] ^= 1 << bit;
                assert!(!matches!(read(&altered, &begin()), Ok(Some(_))), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_frame_that_unpacks_to_something_else_is_altered() {
        let raw = b"over and over ".repeat(100);
        let packed = lz4_flex::block::compress(&raw);
        for claimed in [raw.len() as u32 - 1, raw.len() as u32 + 1, RAW_BYTES_MAX as u32, u32::MAX] {
            let mut file = vec![2];
            file.extend((packed.len() as u32).to_le_bytes());
            file.extend(claimed.to_le_bytes());
            file.extend(&packed);
            file.extend(hash(Domain::Export, &[&begin().0, &file]));
            assert!(matches!(read(&file, &begin()), Err(Bad::Altered(_))), "{claimed}");
        }
    }
}
