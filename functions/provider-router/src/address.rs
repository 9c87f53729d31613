//! Which addresses a key and a conversation may travel to.

use http::Uri;
use ports::provider::ProviderEntry;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Refuse an entry whose address would carry the call in clear over a network, unless the entry says so.
///
/// The address is not repeated in the reason, because a mistyped one may hold a password.
pub fn check(entry: &ProviderEntry) -> Result<(), &'static str> {
    let base: Uri = entry.base_url.parse().map_err(|_| "the base URL cannot be read as a URL")?;
    let host = base.host().unwrap_or_default();
    match base.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if entry.allow_plain_http || is_this_machine(host) => Ok(()),
        Some("http") => Err("the base URL is http:// and not of this machine: key and conversation would travel in \
                             clear; use https://, or set allow_plain_http on the provider"),
        _ => Err("the base URL must begin with https:// or http://"),
    }
}

/// Whether `host` cannot be another machine. Names other than `localhost` can, whatever they resolve to today.
fn is_this_machine(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || v6.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
}
