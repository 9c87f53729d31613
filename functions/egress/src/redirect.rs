//! What an answer says about where to go instead.

use crate::failure::{Outcome, fail};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use ports::egress::EgressClass::BadUrl;

/// Where a redirect leads; `None` if the answer is none. Two locations are not a choice for whoever is led.
pub fn location(status: StatusCode, headers: &HeaderMap) -> Outcome<Option<&str>> {
    let redirects = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let mut locations = headers.get_all(LOCATION).iter().filter(|_| redirects);
    match (locations.next(), locations.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => fail(BadUrl, "the redirect leads to several places"),
        (Some(location), None) => match std::str::from_utf8(location.as_bytes()) {
            Ok(location) => Ok(Some(location)),
            Err(_) => fail(BadUrl, "the redirect is not text"),
        },
    }
}
