//! What both sides know of the words so far, and what they expect of the next one.
//!
//! Every word has a column: its place in a shape. A column remembers which guesses were right there last; the next word is
//! then written as the number of the guess that is right, which is nearly always the first. Whoever writes and whoever reads
//! learn the same from the same words, so nothing has to be said about the guesses.

use super::words::{Digits, Shape};
use std::collections::BTreeMap;

/// Guesses that a column remembers.
pub(super) const RECENT: usize = 3;
/// Words that follow from where an event stands: see [`Turn::specials`].
pub(super) const SPECIALS: u8 = 4;

/// From which word a number steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// The last one on its path, whatever the shape.
    Path,
    /// The last one in its column.
    Column,
}

/// Words that were never seen, by how they are written: hashes, keys of 16 bytes, others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Hash,
    Key,
    Other,
}

impl Class {
    pub(super) fn of(word: &[u8]) -> Self {
        match word.len() {
            Self::HASH => Self::Hash,
            Self::KEY => Self::Key,
            _ => Self::Other,
        }
    }

    /// Length of a hash, base64url.
    pub(super) const HASH: usize = 43;
    /// Length of 16 bytes, base32.
    pub(super) const KEY: usize = 26;
}

/// How a word is come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// It is one that follows from where the event stands.
    Special(u8),
    /// It stood in this event already, as that word.
    Slot(usize),
    /// It is the last one on its path.
    Path,
    /// It is the last one in its column.
    Column,
    /// It is a number so far from another; how far is told.
    Step(Base, Digits),
    /// It was seen; when is told.
    Known,
    /// It was never seen; it is told.
    Fresh(Class),
}

impl Guess {
    /// Those that are tried in this order, and stand behind the recent ones in codes; slots come last.
    pub(super) const NAMED: [Self; 14] = [
        Self::Special(0),
        Self::Special(1),
        Self::Special(2),
        Self::Special(3),
        Self::Path,
        Self::Column,
        Self::Step(Base::Path, Digits::Decimal),
        Self::Step(Base::Path, Digits::Sorting),
        Self::Step(Base::Column, Digits::Decimal),
        Self::Step(Base::Column, Digits::Sorting),
        Self::Known,
        Self::Fresh(Class::Hash),
        Self::Fresh(Class::Key),
        Self::Fresh(Class::Other),
    ];

    /// The code of a guess that is not a recent one. A slot's number is told beside.
    pub(super) fn code(self) -> u8 {
        let nth = Self::NAMED.iter().position(|named| *named == self).unwrap_or(Self::NAMED.len());
        (RECENT + nth) as u8
    }
}

struct Column {
    path: usize,
    last: Option<usize>,
    recent: [Option<Guess>; RECENT],
    /// Whether there was a word in it; until then the guesses of its path are as good as any.
    is_used: bool,
}

#[derive(Default)]
struct Path {
    last: Option<usize>,
    recent: [Option<Guess>; RECENT],
}

/// An event that is being written or read.
#[derive(Default)]
pub(super) struct Turn {
    /// Its position, its seq, the hash before it, and the seq that control had.
    pub(super) specials: [Vec<u8>; SPECIALS as usize],
    /// Its words so far.
    pub(super) words: Vec<usize>,
}

/// What is known.
#[derive(Default)]
pub(super) struct Model {
    words: Vec<Vec<u8>>,
    numbers: BTreeMap<Vec<u8>, usize>,
    columns: Vec<Column>,
    paths: Vec<Path>,
    path_numbers: BTreeMap<Vec<u8>, usize>,
}

impl Model {
    /// Make columns for a shape; gives the number of the first.
    pub(super) fn add(&mut self, shape: &Shape) -> usize {
        let first = self.columns.len();
        for path in &shape.paths {
            let next = self.path_numbers.len();
            let path = *self.path_numbers.entry(path.clone()).or_insert(next);
            if path == next {
                self.paths.push(Path::default());
            }
            self.columns.push(Column { path, last: None, recent: [None; RECENT], is_used: false });
        }
        first
    }

    pub(super) fn word(&self, number: usize) -> Option<&[u8]> {
        self.words.get(number).map(Vec::as_slice)
    }

    /// How many words were seen since this one was seen first; none if it was not.
    pub(super) fn age(&self, word: &[u8]) -> Option<u64> {
        self.numbers.get(word).map(|number| (self.words.len() - 1 - number) as u64)
    }

    pub(super) fn aged(&self, age: u64) -> Option<&[u8]> {
        let last = self.words.len().checked_sub(1)?;
        self.word(last.checked_sub(usize::try_from(age).ok()?)?)
    }

    pub(super) fn recent(&self, column: usize) -> [Option<Guess>; RECENT] {
        let Some(column) = self.columns.get(column) else { return [None; RECENT] };
        if column.is_used {
            column.recent
        } else {
            self.paths.get(column.path).map_or([None; RECENT], |path| path.recent)
        }
    }

    /// The word that a guess comes to by itself.
    pub(super) fn foretold<'a>(&'a self, guess: Guess, column: usize, turn: &'a Turn) -> Option<&'a [u8]> {
        match guess {
            Guess::Special(nth) => turn.specials.get(usize::from(nth)).map(Vec::as_slice),
            Guess::Slot(nth) => turn.words.get(nth).and_then(|number| self.word(*number)),
            Guess::Path => self.base(Base::Path, column),
            Guess::Column => self.base(Base::Column, column),
            Guess::Step(..) | Guess::Known | Guess::Fresh(_) => None,
        }
    }

    fn base(&self, base: Base, column: usize) -> Option<&[u8]> {
        let column = self.columns.get(column)?;
        let number = match base {
            Base::Path => self.paths.get(column.path)?.last,
            Base::Column => column.last,
        };
        number.and_then(|number| self.word(number))
    }

    /// How far a number is from its base: twice as far, less 1 below it.
    pub(super) fn step_to(&self, base: Base, digits: Digits, column: usize, word: &[u8]) -> Option<u64> {
        let (from, to) = (digits.read(self.base(base, column)?)?, digits.read(word)?);
        let step = to.wrapping_sub(from).cast_signed();
        Some((step << 1 ^ step >> 63).cast_unsigned())
    }

    pub(super) fn stepped(&self, base: Base, digits: Digits, column: usize, step: u64) -> Option<Vec<u8>> {
        let from = digits.read(self.base(base, column)?)?;
        let step = (step >> 1) ^ (step & 1).wrapping_neg();
        Some(digits.write(from.wrapping_add(step)))
    }

    /// Learn that the next word of a turn is this one, and how it was come to.
    pub(super) fn learn(&mut self, column: usize, guess: Guess, word: &[u8], turn: &mut Turn) {
        let number = match self.numbers.get(word) {
            Some(number) => *number,
            None => {
                self.words.push(word.to_vec());
                self.numbers.insert(word.to_vec(), self.words.len() - 1);
                self.words.len() - 1
            }
        };
        turn.words.push(number);
        let recent = to_front(self.recent(column), guess);
        let Some(column) = self.columns.get_mut(column) else { return };
        (column.last, column.recent, column.is_used) = (Some(number), recent, true);
        let Some(path) = self.paths.get_mut(column.path) else { return };
        (path.last, path.recent) = (Some(number), recent);
    }
}

fn to_front(recent: [Option<Guess>; RECENT], guess: Guess) -> [Option<Guess>; RECENT] {
    let [first, second, third] = recent;
    match Some(guess) {
        it if it == first => recent,
        it if it == second => [it, first, third],
        it => [it, first, second],
    }
}
