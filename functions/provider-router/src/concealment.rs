//! Vendors echo what they were sent, so a failure is looked through for the key before anybody sees it.

/// Parts of a key shorter than this give nothing away, and occur by chance.
const PART: usize = 4;

/// `detail` without `key` in it. A detail is cut to length by then, so a part of the key at its end goes as well.
pub fn conceal(detail: &str, key: &str) -> String {
    if key.len() < PART {
        return detail.to_owned();
    }
    let mut shown = detail.replace(key, "…");
    let parts = (PART..key.len()).rev().filter_map(|len| key.get(..len));
    if let Some(rest) = parts.into_iter().find_map(|part| shown.strip_suffix(part)) {
        shown = format!("{rest}…");
    }
    shown
}
