//! Headers, from the platform's and to it. What cannot be a header on the other side is left out.

use http::{HeaderMap, HeaderName, HeaderValue};
use worker::Headers;

/// The platform's headers as plain values.
pub fn plain(headers: &Headers) -> HeaderMap {
    let mut plain = HeaderMap::new();
    for (name, value) in headers.entries() {
        let name = HeaderName::from_bytes(name.as_bytes());
        // Bytes, not visible ASCII: a name in somebody's header is no reason to fail.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            plain.append(name, value);
        }
    }
    plain
}

/// Plain values as the platform's headers.
pub fn platform(plain: &HeaderMap) -> Headers {
    let headers = Headers::new();
    for (name, value) in plain {
        let text = String::from_utf8_lossy(value.as_bytes());
        // The platform takes what fits into Latin-1; the rest it refuses by an error.
        let _ = headers.append(name.as_str(), &text);
    }
    headers
}
