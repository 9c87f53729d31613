//! What was sealed in the events of a segment. It does not get shorter, so it stands as it is, in pieces that a row holds.

use super::section::{Rest, write_number, write_section};
use crate::storage::StoredEvent;

/// Bytes of a piece.
const PIECE_BYTES: usize = 900_000;

/// The sealed units of a segment's events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed(
    /// The frame of each event, in order.
    pub Vec<Vec<u8>>,
);

impl Sealed {
    /// Those of `events`.
    pub fn of(events: &[StoredEvent]) -> Self {
        Self(events.iter().map(|event| event.sealed.clone()).collect())
    }

    /// As they are stored: their lengths, and one after the other. No piece where nothing is sealed.
    pub fn pieces(&self) -> Vec<Vec<u8>> {
        if self.0.iter().all(Vec::is_empty) {
            return Vec::new();
        }
        let (mut lengths, mut all) = (Vec::new(), Vec::new());
        self.0.iter().for_each(|frame| write_number(&mut lengths, frame.len() as u64));
        write_section(&mut all, &lengths);
        self.0.iter().for_each(|frame| all.extend_from_slice(frame));
        all.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect()
    }

    /// Read those of `count` events; none where the pieces are not what was written.
    pub fn read(pieces: &[Vec<u8>], count: usize) -> Option<Self> {
        if pieces.is_empty() {
            return Some(Self(vec![Vec::new(); count]));
        }
        let all = pieces.concat();
        let mut rest = Rest(&all);
        let lengths = rest.section(count.checked_mul(10)?)?;
        let mut lengths = Rest(&lengths);
        let mut frames = Vec::with_capacity(count);
        for _ in 0..count {
            frames.push(rest.bytes(lengths.count()?)?.to_vec());
        }
        (rest.0.is_empty() && lengths.0.is_empty()).then_some(Self(frames))
    }
}
