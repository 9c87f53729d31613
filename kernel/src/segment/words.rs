//! Bodies as shapes and words: what is the same for many events, and what tells one from the other.

use crate::id::text;

/// Stands in a shape where a word stood.
const PLACE: u8 = 0;

/// Whether a byte belongs to a word.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Part a body into its shape and its words. Names of members belong to the shape; what they name and what stands in lists
/// are words with what is between them. Bytes that hold a [`PLACE`] are no JSON, and have no shape.
pub(super) fn part(body: &[u8]) -> Option<(Vec<u8>, Vec<&[u8]>)> {
    if body.contains(&PLACE) {
        return None;
    }
    let (mut shape, mut words, mut rest) = (Vec::with_capacity(body.len() / 2), Vec::new(), body);
    while let Some((first, after)) = rest.split_first() {
        if !is_of_word(*first) {
            shape.push(*first);
            rest = after;
            continue;
        }
        let length = rest.iter().position(|byte| !is_of_word(*byte)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(length)?;
        if after.starts_with(b"\":") {
            shape.extend_from_slice(word);
        } else {
            shape.push(PLACE);
            words.push(word);
        }
        rest = after;
    }
    Some((shape, words))
}

/// A shape, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// What stands before each word, and after the last.
    pub(super) between: Vec<Vec<u8>>,
    /// What each word is, in words: the member it belongs to, counted, and where it stands there.
    pub(super) paths: Vec<Vec<u8>>,
}

impl Shape {
    /// Bytes without words.
    pub(super) fn plain(text: &[u8]) -> Self {
        Self { between: vec![text.to_vec()], paths: Vec::new() }
    }

    pub(super) fn of(text: &[u8]) -> Self {
        let between: Vec<Vec<u8>> = text.split(|byte| *byte == PLACE).map(<[u8]>::to_vec).collect();
        let (mut paths, mut member, mut nth) = (Vec::with_capacity(between.len()), Vec::new(), 0_usize);
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for piece in between.iter().take(between.len().saturating_sub(1)) {
            if let Some(name) = last_member(piece) {
                let times = seen.iter().filter(|other| other.as_slice() == name).count();
                seen.push(name.to_vec());
                member = [name, b"\"", times.to_string().as_bytes()].concat();
                nth = 0;
            }
            paths.push([member.as_slice(), b"\"", nth.to_string().as_bytes()].concat());
            nth += 1;
        }
        Self { between, paths }
    }
}

/// The name of the last member that begins in a piece of a shape.
fn last_member(piece: &[u8]) -> Option<&[u8]> {
    let end = piece.windows(2).rposition(|two| two == b"\":")?;
    let before = piece.get(..end)?;
    let begin = before.iter().rposition(|byte| *byte == b'"').map_or(0, |at| at + 1);
    before.get(begin..)
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// As in JSON.
    Decimal,
    /// As in ids.
    Sorting,
}

impl Digits {
    /// The number that a word is; none where it would be written otherwise.
    pub(super) fn read(self, word: &[u8]) -> Option<u64> {
        let word = std::str::from_utf8(word).ok()?;
        match self {
            Self::Decimal if word.len() > 1 && !word.starts_with(|first: char| ('1'..='9').contains(&first)) => None,
            Self::Decimal if word.starts_with(|first: char| first.is_ascii_digit()) => word.parse().ok(),
            Self::Decimal => None,
            Self::Sorting => text::read_number(word).ok(),
        }
    }

    pub(super) fn write(self, number: u64) -> Vec<u8> {
        match self {
            Self::Decimal => number.to_string().into_bytes(),
            Self::Sorting => {
                let mut word = String::new();
                // Writing to a string cannot fail.
                let _ = text::write_number(&mut word, number);
                word.into_bytes()
            }
        }
    }
}
