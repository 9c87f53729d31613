//! Words of a text, as they are looked for: of one case, without accents.
//!
//! Where a word begins and ends is said by Unicode's annex 29. Scripts without spaces fall apart into single characters,
//! and what is looked for in them is found as a phrase.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

/// Words of one text that are looked at; what stands behind them is not found.
pub const WORDS_MAX: usize = 20_000;
/// Characters of a word that count.
const CHARACTERS_MAX: usize = 64;

/// A word where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// Where it begins, in bytes.
    pub at: usize,
    /// It, as it is written.
    pub written: &'a str,
    /// It, as it is looked for.
    pub folded: String,
}

/// The words of `text`, at most [`WORDS_MAX`].
pub fn words(text: &str) -> Vec<Word<'_>> {
    let word = |(at, written)| Word { at, written, folded: fold(written) };
    text.unicode_word_indices().take(WORDS_MAX).map(word).filter(|word| !word.folded.is_empty()).collect()
}

/// `word` as it is looked for.
pub fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.chars().take(CHARACTERS_MAX).map(|c| c.to_ascii_lowercase()).collect();
    }
    word.to_lowercase().nfkd().filter(|c| !is_combining_mark(*c)).take(CHARACTERS_MAX).collect()
}

/// The first characters of a word; none when it is shorter.
pub fn start(word: &str, characters: usize) -> Option<&str> {
    let end = word.char_indices().map(|(at, _)| at).chain([word.len()]).nth(characters)?;
    word.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.folded).collect()
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        assert_eq!(folded("Crème BRÛLÉE, ÄRGER!"), ["creme", "brulee", "arger"]);
        assert_eq!(folded("ﬁnd İstanbul"), ["find", "istanbul"]);
    }

    #[test]
    fn words_end_where_people_say_they_end() {
        assert_eq!(folded("can't 3.14 a_b x-ray (e.g.)"), ["can't", "3.14", "a_b", "x", "ray", "e.g"]);
        assert_eq!(folded("  …!? "), Vec::<String>::new());
        assert_eq!(folded("漢字"), ["漢", "字"]);
    }

    #[test]
    fn a_text_is_looked_at_as_far_as_is_said_and_a_word_too() {
        assert_eq!(words(&"a ".repeat(WORDS_MAX + 5)).len(), WORDS_MAX);
        assert_eq!(folded(&"x".repeat(500)), ["x".repeat(CHARACTERS_MAX)]);
    }

    #[test]
    fn a_word_stands_where_it_was_found() {
        let text = "für Élan";
        for word in words(text) {
            assert_eq!(text.get(word.at..word.at + word.written.len()), Some(word.written));
        }
    }

    #[test]
    fn a_beginning_has_so_many_characters_or_is_none() {
        assert_eq!((start("über", 3), start("über", 4), start("über", 5)), (Some("übe"), Some("über"), None));
    }
}
