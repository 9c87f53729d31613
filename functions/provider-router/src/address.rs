//! Which addresses a key and a conversation may travel to: what the way out is told for a call.

use crate::router::ANSWER_BYTES_MAX;
use http::Uri;
use ports::EgressPolicy;
use ports::provider::ProviderEntry;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest silence within an answer: models that think say so in between.
const SILENCE_MS: u64 = 30_000;

/// What a call of `entry` may reach: its own origin and nothing else, at addresses that are public or granted.
///
/// An entry that says `localhost` means this machine and no other, and needs no grant for that. An address that would
/// carry the call in clear over a network is refused, unless the entry says so. It is not repeated in the reason,
/// because a mistyped one may hold a password.
pub fn policy(entry: &ProviderEntry) -> Result<EgressPolicy, &'static str> {
    let base: Uri = entry.base_url.parse().map_err(|_| "the base URL cannot be read as a URL")?;
    let here = this_machine(base.host().unwrap_or_default());
    let scheme = match base.scheme_str() {
        Some("https") => "https",
        Some("http") if entry.allow_plain_http || here.is_some() => "http",
        Some("http") => {
            return Err(
                "the base URL is http:// and not of this machine: key and conversation would travel in clear; \
                        use https://, or set allow_plain_http on the provider",
            );
        }
        _ => return Err("the base URL must begin with https:// or http://"),
    };
    let authority = base.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if authority.contains('@') {
        return Err("the base URL holds a user name or password; keep the key in the vault instead");
    }
    let origin = format!("{scheme}://{authority}");
    let secrets = entry.key_ref.iter().map(|reference| format!("{reference}@{origin}")).collect();
    Ok(EgressPolicy {
        hosts: vec![origin],
        private: here.map_or_else(|| entry.private.clone(), |ranges| ranges.map(str::to_owned).to_vec()),
        secrets,
        redirects_max: 0,
        response_bytes_max: ANSWER_BYTES_MAX,
        timeout_ms: entry.timeout_ms,
        silence_ms: SILENCE_MS,
        secrets_in_clear: entry.allow_plain_http,
    })
}

/// Where `host` is, if it cannot be another machine. Names other than `localhost` can, whatever they mean today.
fn this_machine(host: &str) -> Option<[&'static str; 2]> {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_here = host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || v6.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()));
    is_here.then_some(["127.0.0.0/8", "::1"])
}
