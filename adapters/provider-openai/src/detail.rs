//! Details are read by people and written to the log, and their text comes from a stranger: they are made harmless here.

/// Most characters a detail may have.
pub const CHARS_MAX: usize = 300;

/// A key shorter than this after its prefix is not worth masking: it is a word.
const MASKED_FROM: usize = 8;

/// `text` on one line, without control characters, without anything that looks like a key, and not too long.
///
/// The codec does not know the key when it reads an answer, so it masks by shape; the caller, who knows it, masks by value.
pub fn harmless(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut words = Vec::new();
    let mut after_bearer = false;
    for word in printable.split_whitespace() {
        words.push(if after_bearer { "…".to_owned() } else { masked(word) });
        after_bearer = word.eq_ignore_ascii_case("bearer");
    }
    words.join(" ").chars().take(CHARS_MAX).collect()
}

/// `word` with the `sk-…` key in it, if any, cut off. `task-list` is no key: what comes before must not be a letter.
fn masked(word: &str) -> String {
    let Some((before, after)) = word.split_once("sk-") else {
        return word.to_owned();
    };
    let starts_here = before.chars().last().is_none_or(|c| !c.is_alphanumeric());
    if starts_here && after.len() >= MASKED_FROM { format!("{before}sk-…") } else { word.to_owned() }
}
