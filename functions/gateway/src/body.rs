//! Bodies, before anything is made of them.

use crate::limits::BODY_BYTES;
use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HeaderValue};
use kernel::reject::Code;
use ports::Problem;
use ports::problem::{Fault, Kind, unreadable};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The text of the JSON object that `request` carries. Nothing says yet that it is valid.
pub fn object(request: &Request<Bytes>) -> Result<&str, Problem> {
    if !request.headers().get_all(CONTENT_TYPE).iter().all(is_json) {
        return Err(Fault::UnsupportedMediaType.because("the Content-Type is not application/json"));
    }
    if request.body().len() > BODY_BYTES {
        return Err(Fault::BodyTooLarge.because(format!("a body has at most {BODY_BYTES} bytes")));
    }
    std::str::from_utf8(request.body()).map_err(|_| Fault::MalformedJson.because("the body is not UTF-8"))
}

fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Read `text` as an object of type `T`. Serde would read a list as one, too; lists have no names to check.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    if is_object(text) {
        return serde_json::from_str(text).map_err(|error| unreadable(&error));
    }
    // Whether it is JSON at all comes first.
    let other: Result<IgnoredAny, _> = serde_json::from_str(text);
    Err(other.map_or_else(|error| unreadable(&error), |_| not_an_object()))
}

/// Whether `text`, if it is JSON, is an object.
pub fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Something else where an object is wanted.
pub fn not_an_object() -> Problem {
    Problem::new(Kind::Rejected(Code::InvalidArgument), "an object is wanted")
}
