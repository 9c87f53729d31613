//! What stands for words in the index.

use crate::words::{start, words};
use kernel::seal::IndexKey;
use std::collections::{BTreeSet, HashMap};

/// Classes of tokens.
const WORD: u8 = 0;
const START: u8 = 1;

/// Beginnings of words that stand in the index, in characters, the longest first. One that is looked for and is longer than
/// one of them is found by that one, and compared when it is shown.
pub const STARTS: [usize; 2] = [5, 3];
/// The shortest beginning that is found.
pub const START_LEAST: usize = 3;
/// Different beginnings of one text that are found.
const STARTS_MAX: usize = 20_000;
/// Bytes of a word whose tokens are kept at hand, about. Most of a text are among the commonest.
const HELD_BYTES: usize = 64;

/// Makes tokens for one edition of an index.
#[derive(Debug)]
pub struct Tokens {
    key: IndexKey,
    held: HashMap<String, Made>,
    held_max: usize,
}

/// What stands for a word and its beginnings.
#[derive(Debug, Clone)]
struct Made {
    word: String,
    starts: Vec<String>,
}

impl Tokens {
    /// Under this key. What is kept at hand takes about so many bytes.
    pub fn new(key: IndexKey, bytes: usize) -> Self {
        Self { key, held: HashMap::new(), held_max: bytes / HELD_BYTES }
    }

    /// What stands for a word.
    pub fn word(&self, folded: &str) -> String {
        self.key.token(WORD, folded)
    }

    /// What stands for the longest beginning that is indexed of a beginning; none when it is too short.
    pub fn start(&self, folded: &str) -> Option<String> {
        STARTS.iter().find_map(|length| start(folded, *length)).map(|start| self.key.token(START, start))
    }

    /// What stands for the words of `text` and for their beginnings, parted by spaces.
    pub fn of(&mut self, text: &str) -> (String, String) {
        if self.held.len() > self.held_max {
            self.held.clear();
        }
        let (mut all, mut starts) = (String::new(), BTreeSet::new());
        let mut seen = BTreeSet::new();
        for word in words(text) {
            if !self.held.contains_key(&word.folded) {
                let made = self.made(&word.folded);
                self.held.insert(word.folded.clone(), made);
            }
            let Some(made) = self.held.get(&word.folded) else { continue };
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(&made.word);
            if seen.insert(word.folded) && starts.len() < STARTS_MAX {
                starts.extend(made.starts.iter().cloned());
            }
        }
        (all, starts.into_iter().collect::<Vec<_>>().join(" "))
    }

    fn made(&self, folded: &str) -> Made {
        let starts = STARTS.iter().filter_map(|length| start(folded, *length));
        Made { word: self.word(folded), starts: starts.map(|start| self.key.token(START, start)).collect() }
    }
}
