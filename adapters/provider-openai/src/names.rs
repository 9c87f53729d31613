//! Names of tools, which the dialect allows letters, digits, `_` and `-` only.
//!
//! A dot becomes `__`. Whatever else would not come back as it went is written as `_-` its code in hexadecimal `-`, so
//! every name has one spelling and every spelling one name, and the answer can be read without knowing the question.

use crate::failure::invalid;
use ports::provider::ModelFailure;

/// Most characters a spelling may have.
const CHARS_MAX: usize = 64;

/// How `name` is spelt in the dialect.
pub fn spell(name: &str) -> Result<String, ModelFailure> {
    let mut spelt = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        // An underscore before one that begins a spelling would be read as its first half.
        let alone = chars.peek().is_none_or(char::is_ascii_alphanumeric);
        match c {
            '.' => spelt.push_str("__"),
            '_' if alone => spelt.push('_'),
            '-' => spelt.push('-'),
            c if c.is_ascii_alphanumeric() => spelt.push(c),
            c => spelt.push_str(&format!("_-{:x}-", u32::from(c))),
        }
    }
    if spelt.is_empty() || spelt.len() > CHARS_MAX {
        return Err(invalid(&format!(
            "the name of the tool {name:?} must take 1 to {CHARS_MAX} characters, spelt {spelt:?}"
        )));
    }
    Ok(spelt)
}

/// The name that is spelt `spelt`; what is no spelling is a name as it stands.
pub fn read(spelt: &str) -> String {
    let mut name = String::with_capacity(spelt.len());
    let mut rest = spelt;
    loop {
        if let Some(after) = rest.strip_prefix("__") {
            name.push('.');
            rest = after;
        } else if let Some((c, after)) = rest.strip_prefix("_-").and_then(coded) {
            name.push(c);
            rest = after;
        } else {
            let mut chars = rest.chars();
            let Some(c) = chars.next() else { return name };
            name.push(c);
            rest = chars.as_str();
        }
    }
}

/// The character whose code `text` begins with, and what comes after it.
fn coded(text: &str) -> Option<(char, &str)> {
    let (code, after) = text.split_once('-')?;
    let c = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
    Some((c, after))
}
