//! Records: what stands in the frames between the first and the last.

use super::frame::Bad;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// Sealed units of the event that comes next.
    Sealed(&'a [u8]),
    /// An event, as it was hashed.
    Event(&'a [u8]),
    /// A data key, wrapped under the key of the file.
    Key(Row<'a>),
    /// A chunk of large content.
    Chunk(Row<'a>),
}

/// A row beside the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Position of the event that brought it.
    pub since: u64,
    /// Its key in its space.
    pub at: &'a str,
    /// Its value.
    pub value: &'a [u8],
}

const SEALED: u8 = 1;
const EVENT: u8 = 2;
const KEY: u8 = 3;
const CHUNK: u8 = 4;

impl<'a> Record<'a> {
    /// Append it to what a frame will hold.
    pub fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Sealed(bytes) => part(to, SEALED, &[bytes]),
            Self::Event(bytes) => part(to, EVENT, &[bytes]),
            Self::Key(row) => row.write(to, KEY),
            Self::Chunk(row) => row.write(to, CHUNK),
        }
    }

    /// How many bytes it takes in a frame.
    pub fn size(&self) -> usize {
        5 + match self {
            Self::Sealed(bytes) | Self::Event(bytes) => bytes.len(),
            Self::Key(row) | Self::Chunk(row) => 10 + row.at.len() + row.value.len(),
        }
    }

    fn read(kind: u8, bytes: &'a [u8]) -> Option<Self> {
        Some(match kind {
            SEALED => Self::Sealed(bytes),
            EVENT => Self::Event(bytes),
            KEY => Self::Key(Row::read(bytes)?),
            CHUNK => Self::Chunk(Row::read(bytes)?),
            _ => return None,
        })
    }
}

impl<'a> Row<'a> {
    fn write(&self, to: &mut Vec<u8>, kind: u8) {
        let length = (self.at.len() as u16).to_le_bytes();
        part(to, kind, &[&self.since.to_le_bytes(), &length, self.at.as_bytes(), self.value]);
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (since, rest) = bytes.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (at, value) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        let at = std::str::from_utf8(at).ok()?;
        Some(Self { since: u64::from_le_bytes(*since), at, value })
    }
}

fn part(to: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    to.push(kind);
    to.extend_from_slice(&(length as u32).to_le_bytes());
    parts.iter().for_each(|part| to.extend_from_slice(part));
}

/// The records in a frame.
pub fn records(raw: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Bad>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let record = next(&mut rest);
        if record.is_none() {
            rest = &[];
        }
        Some(record.ok_or_else(|| Bad::Altered("a record cannot be read".to_owned())))
    })
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<Record<'a>> {
    let ([kind, a, b, c, d], behind) = rest.split_first_chunk::<5>()?;
    let (bytes, behind) = behind.split_at_checked(u32::from_le_bytes([*a, *b, *c, *d]) as usize)?;
    *rest = behind;
    Record::read(*kind, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_in_order_and_have_the_size_they_say() {
        let row = Row { since: u64::MAX, at: "task/one/key", value: b"wrapped" };
        let all = [Record::Sealed(b"units"), Record::Event(b"{}"), Record::Key(row.clone()), Record::Chunk(row)];
        let mut raw = Vec::new();
        for record in &all {
            let before = raw.len();
            record.write(&mut raw);
            assert_eq!(raw.len() - before, record.size());
        }
        let read: Vec<Record<'_>> = records(&raw).map(Result::unwrap).collect();
        assert_eq!(read, all);
    }

    #[test]
    fn what_is_cut_or_of_no_kind_is_said_once() {
        let mut raw = Vec::new();
        Record::Chunk(Row { since: 1, at: "a", value: b"b" }).write(&mut raw);
        for cut in 1..raw.len() {
            let read: Vec<_> = records(&raw[..cut]).collect();
            assert!(matches!(read.as_slice(), [Err(Bad::Altered(_))]), "{cut}");
        }
        raw[0] = 9;
        assert!(records(&raw).next().unwrap().is_err());
        raw[0] = CHUNK;
        raw[13] = 255;
        assert!(records(&raw).next().unwrap().is_err());
    }
}
