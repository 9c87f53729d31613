//! A piece of a text around what was looked for.

use crate::words::Word;
use ports::read_models::PieceView;
use std::collections::BTreeSet;

/// Words that are shown.
const WORDS: usize = 24;
/// Words that are shown before the first that was looked for.
const BEFORE: usize = 4;
/// Bytes that are shown, about: a word may be long.
const BYTES_MAX: usize = 480;

/// The piece of `text`, whose words are `words`, in which most of the `marked` ones stand.
pub fn snippet(text: &str, words: &[Word<'_>], marked: &BTreeSet<usize>) -> Vec<PieceView> {
    let within = |first: usize| marked.range(first..first.saturating_add(WORDS)).count();
    let best = marked.iter().copied().rev().max_by_key(|first| within(*first)).unwrap_or_default();
    let first = best.saturating_sub(BEFORE);
    let mut pieces = Vec::new();
    if first > 0 {
        push(&mut pieces, "…", false);
    }
    let mut at = words.get(first).map_or(0, |word| if first == 0 { 0 } else { word.at });
    let until = at.saturating_add(BYTES_MAX);
    for (nth, word) in words.iter().enumerate().skip(first).take(WORDS) {
        if word.at > until {
            break;
        }
        push(&mut pieces, text.get(at..word.at).unwrap_or_default(), false);
        let end = word.at + word.written.len();
        push(&mut pieces, shortened(word.written), marked.contains(&nth));
        at = end;
    }
    let rest = text.get(at..).unwrap_or_default();
    let is_last = words.last().is_none_or(|last| last.at < at);
    push(&mut pieces, if is_last { shortened(rest) } else { "…" }, false);
    pieces
}

/// As much of it as is shown of a word.
fn shortened(text: &str) -> &str {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= BYTES_MAX).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Add to the last piece, or begin one. What would leave the line becomes a space.
fn push(pieces: &mut Vec<PieceView>, text: &str, found: bool) {
    if text.is_empty() {
        return;
    }
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    match pieces.last_mut().filter(|last| last.found == found) {
        Some(last) => last.text.extend(text.chars().map(plain)),
        None => pieces.push(PieceView { text: text.chars().map(plain).collect(), found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use crate::words::words;

    fn shown(text: &str, query: &str) -> String {
        let words = words(text);
        let marks = Query::read(query).unwrap().marks(&[&words]).unwrap_or_else(|| vec![BTreeSet::new()]);
        let pieces = snippet(text, &words, &marks[0]);
        pieces.iter().map(|it| if it.found { format!("[{}]", it.text) } else { it.text.clone() }).collect()
    }

    #[test]
    fn a_short_text_is_shown_whole_with_what_was_looked_for() {
        assert_eq!(shown("The invoice\nwas paid.", "invoice"), "The [invoice] was paid.");
        assert_eq!(shown("Paid, twice!", "\"paid twice\""), "[Paid], [twice]!");
    }

    #[test]
    fn of_a_long_text_the_part_is_shown_in_which_most_of_it_stands() {
        let text = format!("{}invoice {}the invoice was paid {}end", "a ".repeat(50), "b ".repeat(50), "c ".repeat(50));
        let shown = shown(&text, "invoice paid");
        assert!(shown.starts_with("…b b b the [invoice] was [paid] c c"), "{shown}");
        assert!(shown.ends_with('…'), "{shown}");
    }

    #[test]
    fn what_is_not_marked_is_shown_from_its_beginning() {
        assert_eq!(shown("one two", "three"), "one two");
        assert_eq!(shown("", "three"), "");
    }

    #[test]
    fn no_word_is_so_long_that_it_fills_the_screen() {
        let text = format!("{} end", "x".repeat(100_000));
        assert!(shown(&text, "end").len() < 4 * BYTES_MAX);
        assert!(shown(&"y".repeat(100_000), "zzz").len() < 4 * BYTES_MAX);
    }
}
