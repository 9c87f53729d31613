//! Numbers and sections: what a segment is written with.

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// How hard a section is compressed, of 10. Above this it takes twice as long for hardly less.
const LEVEL: u8 = 8;

/// Append a number: seven bits a byte, the lowest first.
pub(super) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// How many bytes a number takes.
pub(super) fn length_of(number: u64) -> u32 {
    (64 - number.leading_zeros()).div_ceil(7).max(1)
}

/// Append bytes: twice their count, and 1 more where they are compressed; then, compressed, their count as they follow.
pub(super) fn write_section(out: &mut Vec<u8>, bytes: &[u8]) {
    let short = compress_to_vec(bytes, LEVEL);
    let is_shorter = short.len() < bytes.len();
    write_number(out, (bytes.len() as u64) << 1 | u64::from(is_shorter));
    if is_shorter {
        write_number(out, short.len() as u64);
    }
    out.extend_from_slice(if is_shorter { &short } else { bytes });
}

/// What is left to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for nth in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            number |= bits.checked_shl(7 * nth).filter(|shifted| shifted >> (7 * nth) == bits)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// A section of at most `most` bytes.
    pub(super) fn section(&mut self, most: usize) -> Option<Vec<u8>> {
        let head = self.number()?;
        let length = usize::try_from(head >> 1).ok().filter(|length| *length <= most)?;
        if head & 1 == 0 {
            return self.bytes(length).map(<[u8]>::to_vec);
        }
        let short = self.count()?;
        let raw = decompress_to_vec_with_limit(self.bytes(short)?, length).ok()?;
        (raw.len() == length).then_some(raw)
    }

    /// The bytes before the next end of a line.
    pub(super) fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let line = self.bytes(end)?;
        self.byte().map(|_| line)
    }
}
