//! Where a byte of a text stands in the file, however the text is written there.

use super::tree::{Mark, Tree};
use saphyr_parser::ScalarStyle;

/// The place in `file` of byte `offset` of `text`, which stands at `tree`; none when writing and text are too different,
/// as with escapes.
pub fn mark(file: &[char], tree: &Tree, text: &str, offset: usize) -> Option<Mark> {
    let (style, begin, end) = tree.written?;
    let wanted = text.get(..offset)?.chars().count();
    let written = file.get(begin..end.max(begin))?;
    let mut at = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
    let mut chars = text.chars();
    for char in chars.by_ref().take(wanted) {
        at = after(written, at, char, style)?;
    }
    // What is wanted stands behind the white space that only lays it out.
    if let Some(next) = chars.next() {
        at = after(written, at, next, style)? - 1;
    }
    Some(placed(file, begin + at))
}

/// Behind `char` in `written` from `at` on. White space is free: it lays the text out, and folds.
fn after(written: &[char], mut at: usize, char: char, style: ScalarStyle) -> Option<usize> {
    let escape = match style {
        ScalarStyle::SingleQuoted => Some('\''),
        ScalarStyle::DoubleQuoted => Some('\\'),
        _ => None,
    };
    loop {
        let found = *written.get(at)?;
        at += 1;
        if found == char {
            let is_doubled = escape == Some('\'') && char == '\'';
            return Some(if is_doubled { at + 1 } else { at });
        }
        let folded = char == ' ' && found == '\n';
        if folded {
            return Some(at);
        }
        let is_escape = escape == Some('\\') && found == '\\' && written.get(at) == Some(&char);
        if !found.is_whitespace() && !is_escape {
            return None;
        }
    }
}

fn placed(file: &[char], at: usize) -> Mark {
    let before = file.get(..at).unwrap_or_default();
    let line = before.iter().filter(|it| **it == '\n').count() + 1;
    let column = before.iter().rev().take_while(|it| **it != '\n').count() + 1;
    Mark { line, column }
}
