//! The edges of every range: the last public address before it, its first, its last, and the next public one.

use crate::address::{reachable, special};
use std::net::IpAddr;

fn public(address: &str) -> bool {
    special(address.parse::<IpAddr>().unwrap()).is_none()
}

#[test]
fn the_edges_of_the_special_ranges_are_where_the_registries_have_them() {
    let edges = [
        ("", "0.0.0.0", "0.255.255.255", "1.0.0.0"),
        ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
        ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
        ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
        ("168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"),
        ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
        ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
        ("191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"),
        ("192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"),
        ("192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"),
        ("192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"),
        ("192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"),
        ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
        ("192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"),
        ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
        ("198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"),
        ("203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"),
        ("223.255.255.255", "224.0.0.0", "255.255.255.255", ""),
        ("", "::", "1fff:ffff::", "2000::"),
        ("2000:ffff::", "2001::", "2001:1ff:ffff::", "2001:200::"),
        ("2001:db7::", "2001:db8::", "2001:db8:ffff::", "2001:db9::"),
        ("2001:ffff::", "2002::", "2002:ffff::", "2003::"),
        ("2620:4f:7fff::", "2620:4f:8000::", "2620:4f:8000:ffff::", "2620:4f:8001::"),
        ("3ffe:ffff::", "3fff::", "3fff:fff::", "3fff:1000::"),
        ("3fff:1000::", "4000::", "ffff::", ""),
    ];
    for (before, first, last, after) in edges {
        for inside in [first, last] {
            assert!(!public(inside), "{inside} is special");
            assert!(reachable(inside.parse().unwrap(), &[]).is_err());
        }
        for outside in [before, after].into_iter().filter(|address| !address.is_empty()) {
            assert!(public(outside), "{outside} is public");
        }
    }
}

#[test]
fn nothing_that_the_standard_library_calls_local_is_public() {
    let mut number: u32 = 1;
    for _ in 0..200_000 {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let address = std::net::Ipv4Addr::from(number);
        let local = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast();
        let local = local || address.is_broadcast() || address.is_documentation() || address.is_unspecified();
        assert!(!local || special(address.into()).is_some(), "{address}");
        for holding in [address.to_ipv6_mapped(), address.to_ipv6_compatible()] {
            assert!(special(holding.into()).is_some(), "{holding}");
        }
    }
}
