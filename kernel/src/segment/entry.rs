//! Which segments there are: an entry for each, and the rows it names.

use super::{FORMAT, Sealed, Unfit, pack, unpack};
use crate::hash::{Domain, HashText, hash};
use crate::id::text::{read_number, write_number};
use crate::machine::row_hash;
use crate::storage::{Address, ROW_BYTES_MAX, Row, StoredEvent};
use serde::{Deserialize, Serialize};

/// Space of segments: entries, and what they name by its hash.
pub const SEGMENTS_SPACE: &str = "segments";

/// Where in the space an entry stands is led by this, and what it names by [`OF`].
const AT: &str = "at/";
const OF: &str = "of/";

/// Bytes, under the name that they have by their hash.
pub type Named = (HashText, Vec<u8>);

/// What is known of a segment without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Version of segments.
    pub segment: u8,
    /// Position of its first event.
    pub first: u64,
    /// And of its last.
    pub last: u64,
    /// Hash of its packed bodies, under which they are stored.
    pub packed: HashText,
    /// Hashes of the pieces of what was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<HashText>,
    /// Bytes of the bodies before they were packed.
    pub raw_bytes: u64,
    /// And packed.
    pub packed_bytes: u64,
    /// Bytes of what was sealed.
    pub sealed_bytes: u64,
}

impl Entry {
    /// A segment of `events`, and what it names. None where they do not follow one another, or where they come to more than
    /// a row holds. What is given was read again and compared: it is what the events are kept by from now on.
    pub fn of(events: &[StoredEvent]) -> Option<(Self, Vec<Named>)> {
        let packed = pack(events).filter(|packed| packed.len() <= ROW_BYTES_MAX)?;
        let pieces = Sealed::of(events).pieces();
        let entry = Self {
            segment: FORMAT,
            first: events.first()?.pos,
            last: events.last()?.pos,
            packed: name(&packed),
            sealed: pieces.iter().map(|piece| name(piece)).collect(),
            raw_bytes: events.iter().map(|event| event.body.len() as u64).sum(),
            packed_bytes: packed.len() as u64,
            sealed_bytes: pieces.iter().map(|piece| piece.len() as u64).sum(),
        };
        let named: Vec<Vec<u8>> = std::iter::once(packed).chain(pieces).collect();
        let is_same = entry.events(&named).is_ok_and(|again| again == events);
        is_same.then(|| (entry, named.into_iter().map(|bytes| (name(&bytes), bytes)).collect()))
    }

    /// The same segment with this in place of what was sealed, and the pieces that it names now.
    pub fn sealed_again(&self, sealed: &Sealed) -> (Self, Vec<Named>) {
        let named: Vec<Named> = sealed.pieces().into_iter().map(|piece| (name(&piece), piece)).collect();
        let sealed_bytes = named.iter().map(|(_, piece)| piece.len() as u64).sum();
        let sealed = named.iter().map(|(name, _)| *name).collect();
        (Self { sealed, sealed_bytes, ..self.clone() }, named)
    }

    /// The row of something that has a name, written at position `since`.
    pub fn holding(bytes: Vec<u8>, since: u64) -> Row {
        Row { hash: row_hash(&bytes), value: bytes, since }
    }

    /// Where the entry of the segment that ends at `last` stands.
    pub fn address(last: u64) -> Address {
        let mut key = AT.to_owned();
        // Writing to a string cannot fail.
        let _ = write_number(&mut key, last);
        Address::new(SEGMENTS_SPACE, key)
    }

    /// Between these keys stand the entries of segments with events behind `after`.
    pub fn behind(after: u64) -> (String, String) {
        (Self::address(after).key, "at0".to_owned())
    }

    /// The position that a key of the space names, if it is an entry's.
    pub fn last_of(key: &str) -> Option<u64> {
        key.strip_prefix(AT).and_then(|number| read_number(number).ok())
    }

    /// Where what has a name stands.
    pub fn named(name: &HashText) -> Address {
        Address::new(SEGMENTS_SPACE, format!("{OF}{name}"))
    }

    /// Whether a key of the space is of something that has a name.
    pub fn is_named(key: &str) -> bool {
        key.starts_with(OF)
    }

    /// Everything it names.
    pub fn names(&self) -> impl Iterator<Item = &HashText> {
        std::iter::once(&self.packed).chain(&self.sealed)
    }

    /// As it is stored, written at position `since`.
    pub fn row(&self, since: u64) -> Result<Row, String> {
        let value = serde_json::to_vec(self).map_err(|why| format!("an entry cannot be written: {why}"))?;
        Ok(Row { hash: row_hash(&value), value, since })
    }

    /// Read the entry of the segment that ends at `last`. What is wrong with it is said in words.
    pub fn read(last: u64, bytes: &[u8]) -> Result<Self, String> {
        let it: Self = serde_json::from_slice(bytes).map_err(|why| format!("it is malformed: {why}"))?;
        if it.segment != FORMAT {
            return Err(format!("its format {} is not known to this kernel", it.segment));
        }
        if it.last != last || it.first == 0 || it.first > last {
            return Err(format!("it is of events {} to {}", it.first, it.last));
        }
        Ok(it)
    }

    /// Its events, of what it names, in the order of [`Entry::names`].
    pub fn events(&self, named: &[Vec<u8>]) -> Result<Vec<StoredEvent>, Unfit> {
        let (packed, pieces) = named.split_first().ok_or_else(|| self.unfit("its bodies are not there"))?;
        let mut events = unpack(packed)?.events;
        let ends = events.first().zip(events.last()).map(|(first, last)| (first.pos, last.pos));
        if ends != Some((self.first, self.last)) {
            return Err(self.unfit("it holds other events than it says"));
        }
        let unfit = || self.unfit("what was sealed is not as it was written");
        let sealed = Sealed::read(pieces, events.len()).ok_or_else(unfit)?;
        events.iter_mut().zip(sealed.0).for_each(|(event, frame)| event.sealed = frame);
        if name(packed) != self.packed || !pieces.iter().map(|piece| name(piece)).eq(self.sealed.iter().copied()) {
            return Err(self.unfit("it is not under its own hash"));
        }
        Ok(events)
    }

    fn unfit(&self, why: &str) -> Unfit {
        Unfit { pos: None, why: why.to_owned() }
    }
}

/// The name of bytes.
fn name(bytes: &[u8]) -> HashText {
    HashText(hash(Domain::Segment, &[bytes]))
}
