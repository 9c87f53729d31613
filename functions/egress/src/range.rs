//! Ranges of addresses: `10.0.0.0/8`, `fd00::/8`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Every address that begins with the same bits. A range of one family has no address of the other: what an IPv6
/// address holds of IPv4 is looked at where it matters, and by nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: IpAddr,
    bits: u32,
}

impl Range {
    /// The IPv4 range that begins with `octets`.
    pub const fn v4(octets: [u8; 4], bits: u32) -> Self {
        let [a, b, c, d] = octets;
        Self { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    /// The IPv6 range that begins with `segments`.
    pub const fn v6(segments: [u16; 8], bits: u32) -> Self {
        let [a, b, c, d, e, f, g, h] = segments;
        Self { first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), bits }
    }

    /// Read `address/bits`, or one address. A range whose address has bits beyond its prefix is a mistake of whoever
    /// wrote it, and one of all addresses would be no restriction.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first: IpAddr = address.parse().map_err(|_| "it does not begin with an address")?;
        let width = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) if bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| "what follows the slash is no number")?
            }
            Some(_) => return Err("what follows the slash is no number"),
        };
        let range = Self { first, bits };
        match bits {
            0 => Err("it would be every address there is"),
            _ if bits > width => Err("its prefix is longer than its address"),
            _ if range.prefix(first) == Some(number(first)) => Ok(range),
            _ => Err("its address has bits beyond its prefix"),
        }
    }

    /// Whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.prefix(address).is_some_and(|prefix| Some(prefix) == self.prefix(self.first))
    }

    /// The leading bits of `address`, if it is of this family.
    fn prefix(&self, address: IpAddr) -> Option<u128> {
        if address.is_ipv4() != self.first.is_ipv4() {
            return None;
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let behind = width - self.bits.min(width);
        let mask = u128::MAX.checked_shl(behind).unwrap_or_default();
        Some(number(address) & mask)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}
