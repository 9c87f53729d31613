//! Bytes that are not what was expected, said without repeating them: a body may hold a conversation or a key.

use super::{Fault, Kind, Problem};
use kernel::reject::{AMOUNT_MAX, Code};
use serde_json::error::Category;

/// Longest field name that is worth repeating.
const FIELD_MAX: usize = 64;

/// Why `error` kept a body from being read: not JSON at all, or JSON of another form.
pub fn unreadable(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if error.classify() == Category::Data || number_out_of_range(&text) {
        return bad_arguments(&text);
    }
    Fault::MalformedJson.because(text)
}

/// The problem with JSON that serde refused with `text`: an id, an amount, or another argument.
pub fn bad_arguments(text: &str) -> Problem {
    if text.starts_with("not an id of this kind") {
        return Fault::BadId.because(text);
    }
    // What serde expected comes last, so text of a client that looks like it is cut away with the rest.
    let Some((found, expected)) = text.rsplit_once(", expected ") else {
        return rejected(number_out_of_range(text), text.to_owned());
    };
    let detail = format!("{}, expected {expected}", without_content(found));
    rejected(integer_out_of_range(found, expected), detail)
}

fn rejected(out_of_range: bool, detail: String) -> Problem {
    let code = if out_of_range { Code::AmountOutOfRange } else { Code::InvalidArgument };
    Problem::new(Kind::Rejected(code), detail)
}

/// `found` up to the value in it. The name of an unknown field stays if it looks like a name: it is mostly a misspelling.
fn without_content(found: &str) -> String {
    let Some((what, content)) = found.split_once(['"', '`']) else { return found.to_owned() };
    let what = what.trim_end();
    let name = content.trim_end_matches('`');
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if what == "unknown field" && name.len() <= FIELD_MAX && name.chars().all(is_name) {
        return format!("unknown field `{name}`");
    }
    what.to_owned()
}

/// A number that no type of number holds. Readers call it bad syntax, which it is not.
fn number_out_of_range(text: &str) -> bool {
    text.starts_with("number out of range")
}

/// An integer that the field's type does not hold. JSON readers hand on what is above their integers as floating point.
fn integer_out_of_range(found: &str, expected: &str) -> bool {
    if !["u64", "u32", "u16"].iter().any(|integer| expected.starts_with(integer)) {
        return false;
    }
    let float = found.strip_prefix("invalid type: floating point `").and_then(|rest| rest.strip_suffix('`'));
    let huge = |value: f64| value.abs() > AMOUNT_MAX as f64;
    found.starts_with("invalid value: integer") || float.and_then(|text| text.parse().ok()).is_some_and(huge)
}
