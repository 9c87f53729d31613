//! What a browser lets any page do to a host on the same machine, and why it does not work here.
//!
//! A page may send requests to a loopback address, and by rebinding its own name to that address it may even read the
//! answers. Both show: the first in `Origin`, the second in `Host`.

use crate::gateway::Gateway;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request};
use ports::Problem;
use ports::problem::Fault;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Refuse what a foreign page may have sent. No browser leaves `Host` out, so a request without one is none of theirs.
pub fn check<B>(request: &Request<B>, gateway: &Gateway<'_>) -> Result<(), Problem> {
    let refused = || Fault::ForbiddenHost.because("the Host header names neither loopback nor an allowed host");
    let mut addressed = request.uri().authority().cloned();
    for value in request.headers().get_all(HOST) {
        let named = authority(value).ok_or_else(refused)?;
        if addressed.as_ref().is_some_and(|before| *before != named) {
            return Err(Fault::ForbiddenHost.because("the request is addressed to two hosts"));
        }
        addressed = Some(named);
    }
    if addressed.as_ref().is_some_and(|host| !is_here(host.host(), gateway.allowed_hosts)) {
        return Err(refused());
    }
    let foreign = |origin: &HeaderValue| !is_own(origin, addressed.as_ref(), gateway.allowed_hosts);
    if request.headers().get_all(ORIGIN).iter().any(foreign) {
        return Err(Fault::ForbiddenOrigin.because("the Origin header names neither this host nor an allowed one"));
    }
    Ok(())
}

fn authority(value: &HeaderValue) -> Option<Authority> {
    let named = Authority::try_from(value.as_bytes()).ok()?;
    if named.as_str().contains('@') { None } else { Some(named) }
}

/// Whether a page of `origin` belongs here: it came from this very address, or from a host that was allowed by name.
/// Another port of the same machine is another program, so loopback alone is not enough.
fn is_own(origin: &HeaderValue, addressed: Option<&Authority>, allowed: &[String]) -> bool {
    let text = origin.to_str().unwrap_or_default();
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or_default();
    let Ok(from) = rest.parse::<Authority>() else { return false };
    addressed == Some(&from) || is_listed(from.host(), allowed)
}

fn is_here(host: &str, allowed: &[String]) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || v6.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
        || is_listed(host, allowed)
}

fn is_listed(host: &str, allowed: &[String]) -> bool {
    allowed.iter().any(|name| name.eq_ignore_ascii_case(host))
}
