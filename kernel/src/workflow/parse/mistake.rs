//! What is wrong with a workflow, where, and what to write instead.

use super::words::nearest;

/// The most mistakes that are told at once.
pub const MISTAKES_MAX: usize = 32;

/// One thing that is wrong with a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// JSON pointer to the value that is wrong; for a key that is wrong it ends in the key.
    pub pointer: String,
    /// The key at the end of the pointer is meant, not its value.
    pub at_key: bool,
    /// The byte of the text at `pointer` where it goes wrong, when that is known.
    pub offset: Option<usize>,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Mistake {
    /// The value at `pointer` is wrong.
    pub fn at(pointer: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), at_key: false, offset: None, code, message: message.into(), hint: None }
    }

    /// The key at the end of `pointer` is wrong.
    pub fn at_key(pointer: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self { at_key: true, ..Self::at(pointer, code, message) }
    }

    /// Advise.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Advise the nearest of `known` to `word`, or all of them.
    pub fn instead_of<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        match nearest(word, known.clone()) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => {
                let all = listed(known);
                if all.is_empty() { self } else { self.hint(format!("known here: {all}")) }
            }
        }
    }
}

/// Mistakes as they are found.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Note one; what goes beyond [`MISTAKES_MAX`] is not told.
    pub fn add(&mut self, mistake: Mistake) {
        if self.0.len() < MISTAKES_MAX {
            self.0.push(mistake);
        }
    }

    /// `made`, unless something was wrong.
    pub fn or<T>(self, made: Option<T>) -> Result<T, Vec<Mistake>> {
        made.filter(|_| self.0.is_empty()).ok_or(self.0)
    }
}

/// Words in a row: `` `a`, `b` ``.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
