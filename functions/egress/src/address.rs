//! Which addresses are public.
//!
//! Written from the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and what was entered since),
//! the IPv6 address space registry, and the multicast registries. Whatever stands in the special-purpose registries is
//! refused, whether or not its entry says "globally reachable": relays, anycast helpers and translators lead to other
//! addresses than they seem to, and no service that somebody would name lives there. Of IPv6 only global unicast
//! (2000::/3) can be public at all, so what IANA has not given out is refused without being listed.

use crate::range::Range;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const V4: [(Range, &str); 19] = [
    (Range::v4([0, 0, 0, 0], 8), "this network"),
    (Range::v4([10, 0, 0, 0], 8), "private"),
    (Range::v4([100, 64, 0, 0], 10), "shared by a carrier's customers"),
    (Range::v4([127, 0, 0, 0], 8), "loopback"),
    (Range::v4([169, 254, 0, 0], 16), "link-local"),
    (Range::v4([172, 16, 0, 0], 12), "private"),
    (Range::v4([192, 0, 0, 0], 24), "for protocols"),
    (Range::v4([192, 0, 2, 0], 24), "for documentation"),
    (Range::v4([192, 31, 196, 0], 24), "for protocols"),
    (Range::v4([192, 52, 193, 0], 24), "for protocols"),
    (Range::v4([192, 88, 99, 0], 24), "a relay to IPv6"),
    (Range::v4([192, 168, 0, 0], 16), "private"),
    (Range::v4([192, 175, 48, 0], 24), "for protocols"),
    (Range::v4([198, 18, 0, 0], 15), "for benchmarks"),
    (Range::v4([198, 51, 100, 0], 24), "for documentation"),
    (Range::v4([203, 0, 113, 0], 24), "for documentation"),
    (Range::v4([224, 0, 0, 0], 4), "multicast"),
    (Range::v4([240, 0, 0, 0], 4), "reserved or broadcast"),
    // In no registry: the address at which every machine of one large cloud finds that cloud's control services.
    (Range::v4([168, 63, 129, 16], 32), "a cloud's own service"),
];

/// What of 2000::/3 is not public.
const V6: [(Range, &str); 5] = [
    // Teredo, benchmarks, ORCHID, AMT and the rest of 2001::/23.
    (Range::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "for protocols"),
    (Range::v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "for documentation"),
    (Range::v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "an IPv4 address as 6to4"),
    (Range::v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "for protocols"),
    (Range::v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "for documentation"),
];

/// Words for the ranges outside 2000::/3 that people meet; the others are "reserved".
const V6_OUTSIDE: [(Range, &str); 11] = [
    (Range::v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "loopback"),
    (Range::v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "unspecified"),
    (Range::v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "an IPv4 address as IPv6"),
    (Range::v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "an IPv4 address as IPv6"),
    (Range::v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), "an IPv4 address as IPv6"),
    (Range::v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "an IPv4 address behind a translator"),
    (Range::v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "an IPv4 address behind a translator"),
    (Range::v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "private"),
    (Range::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "link-local"),
    (Range::v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "private to a site"),
    (Range::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "multicast"),
];

const GLOBAL_UNICAST: Range = Range::v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What `address` is instead of public; `None` if it is public.
pub fn special(address: IpAddr) -> Option<&'static str> {
    let named =
        |table: &[(Range, &'static str)]| table.iter().find(|(range, _)| range.contains(address)).map(|of| of.1);
    match address {
        IpAddr::V4(_) => named(&V4),
        IpAddr::V6(_) if GLOBAL_UNICAST.contains(address) => named(&V6),
        IpAddr::V6(_) => named(&V6_OUTSIDE).or(Some("reserved")),
    }
}

/// Whether `address` may be reached: it is public, or one of `grants` has it. An address that holds another must be
/// granted as it is written, and the one inside must be reachable too: a grant of the translators is not one of
/// everything behind them.
pub fn reachable(address: IpAddr, grants: &[Range]) -> Result<(), &'static str> {
    let Some(what) = special(address) else { return Ok(()) };
    if !grants.iter().any(|grant| grant.contains(address)) {
        return Err(what);
    }
    match address {
        IpAddr::V6(address) => inside(address).map_or(Ok(()), |inner| reachable(IpAddr::V4(inner), grants)),
        IpAddr::V4(_) => Ok(()),
    }
}

/// The IPv4 address a packet to `address` may end at: mapped, compatible, translated, or as 6to4.
fn inside(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0] if g == 0 && h <= 1 => None,
        [0, 0, 0, 0, 0, 0 | 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, _, _, _, _] => v4(g, h),
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}
