//! How long a vendor asks the caller to wait.

use chrono::NaiveDateTime;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// Longest wait that is passed on, one day: a longer one is a vendor's mistake and would park work for ever.
const WAIT_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// The three ways in which HTTP writes a date; the last two are obsolete and still sent.
const DATE_FORMS: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Milliseconds to wait; `retry-after-ms` is the finer of the two headers and wins.
pub fn milliseconds(headers: &HeaderMap) -> Option<u64> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let fine = header("retry-after-ms").and_then(|text| decimal(text, 0));
    let coarse = header(RETRY_AFTER.as_str()).and_then(|text| decimal(text, 3).or_else(|| until(text, headers)));
    fine.or(coarse).map(|wait| wait.min(WAIT_MAX_MS))
}

/// The number in `text`, moved by `shift` decimal places and rounded up, so that nobody comes back too early.
fn decimal(text: &str, shift: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(shift).collect();
    let rest = fraction.bytes().skip(shift).any(|digit| digit != b'0');
    // More digits than fit mean a very long wait, which the limit above shortens.
    let amount = format!("{whole}{moved}").parse().unwrap_or(u64::MAX);
    Some(amount.saturating_add(u64::from(rest)))
}

/// The time until an HTTP-date. A codec has no clock, so the response's own `date` is what it is compared with; that
/// also makes the vendor's clock and ours need not agree.
fn until(text: &str, headers: &HeaderMap) -> Option<u64> {
    let now = headers.get(DATE).and_then(|value| value.to_str().ok()).and_then(|text| date(text.trim()))?;
    let wait = date(text)?.signed_duration_since(now).num_milliseconds();
    Some(u64::try_from(wait).unwrap_or(0))
}

fn date(text: &str) -> Option<NaiveDateTime> {
    DATE_FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}
