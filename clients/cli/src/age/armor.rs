//! A file as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS: usize = 64;

/// `bytes` as text.
pub fn on(bytes: &[u8]) -> String {
    let mut text = format!("{BEGIN}\n");
    for line in STANDARD.encode(bytes).as_bytes().chunks(COLUMNS) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text + END + "\n"
}

/// The bytes that `text` stands for.
pub fn off(text: &str) -> Option<Vec<u8>> {
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let digits: String = inner.lines().map(str::trim_end).collect();
    STANDARD.decode(digits).ok()
}
