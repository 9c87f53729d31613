//! Failures in short.

use ports::EgressFailure;
use ports::egress::EgressClass;

/// Most characters of a detail.
pub const DETAIL_CHARS_MAX: usize = 300;

/// What a step of the way out comes to.
pub type Outcome<T> = Result<T, EgressFailure>;

/// A failure of `class`, with nothing sent by this step.
pub fn fail<T>(class: EgressClass, detail: impl Into<String>) -> Outcome<T> {
    Err(EgressFailure::unsent(class, detail))
}

/// `detail` within its limit.
pub fn cut(detail: &str) -> String {
    detail.chars().take(DETAIL_CHARS_MAX).collect()
}

/// What somebody else wrote, short and in one line, to be repeated in a detail.
pub fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
