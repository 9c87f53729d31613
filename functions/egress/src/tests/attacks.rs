//! What an attacker would ask for, and what becomes of it. Nothing in these tables reaches the dialler.

use super::hosts;
use super::world::Paper;
use ports::egress::EgressClass::{self, BadUrl, RefusedAddress, RefusedHost, RefusedScheme, Unresolvable};

/// URLs that are on nobody's list, or only seem to be. Every name means a public address here, so that only the reading
/// of the URL and the list stand in the way.
const NOT_ON_THE_LIST: &[(&str, EgressClass)] = &[
    // Addresses, in every spelling the parser knows.
    ("https://127.0.0.1/", RefusedHost),
    ("https://2130706433/", RefusedHost),
    ("https://0x7f000001/", RefusedHost),
    ("https://0177.0.0.1/", RefusedHost),
    ("https://169.254.169.254/latest/meta-data/", RefusedHost),
    ("https://2852039166/", RefusedHost),
    ("https://[::1]/", RefusedHost),
    ("https://[::ffff:169.254.169.254]/", RefusedHost),
    // Addresses that are none.
    ("https://256.256.256.256/", BadUrl),
    ("https://1.2.3.4.5/", BadUrl),
    ("https://0x100000000/", BadUrl),
    ("https://[::1", BadUrl),
    ("https://[fe80::1%25eth0]/", BadUrl),
    ("https://[fe80::1%eth0]/", BadUrl),
    ("https://[::ffff:1.2.3.4.5]/", BadUrl),
    // Names that everybody's machine knows.
    ("https://localhost/", RefusedHost),
    ("https://LOCALHOST./", RefusedHost),
    ("https://metadata.google.internal/computeMetadata/v1/", RefusedHost),
    ("https://ip6-localhost/", RefusedHost),
    // Names that look like one of the list.
    ("https://evil-example.org/", RefusedHost),
    ("https://example.org/", RefusedHost),
    ("https://.example.org/", BadUrl),
    ("https://a..example.org/", BadUrl),
    ("https://example.com../", BadUrl),
    ("https://example.com.evil.test/", RefusedHost),
    ("https://example.comevil.test/", RefusedHost),
    ("https://www.example.com/", RefusedHost),
    ("https://xn--exmple-cua.com/", RefusedHost),
    ("https://ex\u{430}mple.com/", RefusedHost),
    ("https://example.org.127.0.0.1/", BadUrl),
    ("https://*.example.org/", BadUrl),
    ("https://%2a.example.org/", BadUrl),
    ("https://example.com%2eevil.test/", RefusedHost),
    ("https://example.com%00.evil.test/", BadUrl),
    ("https://example.com%2f.evil.test/", BadUrl),
    ("https://example.com%23.evil.test/", BadUrl),
    ("https://example.com%40evil.test/", BadUrl),
    // Somebody before the host, who looks like it.
    ("https://example.com@169.254.169.254/", BadUrl),
    ("https://example.com:443@evil.test/", BadUrl),
    ("https://example.com%2f@evil.test/", BadUrl),
    ("https://user:password@example.com/", BadUrl),
    ("https://@example.com/", BadUrl),
    ("https://:@example.com/", BadUrl),
    ("https://evil.test?@example.com/", RefusedHost),
    ("https://evil.test#@example.com/", RefusedHost),
    ("https://evil.test/@example.com/", RefusedHost),
    // Characters that parsers drop, or read as others.
    ("https://evil.test\\@example.com/", BadUrl),
    ("https:\\\\example.com/", BadUrl),
    ("https:/\\example.com/", BadUrl),
    ("https://example.com\\.evil.test/", BadUrl),
    ("https://exa\tmple.com/", BadUrl),
    ("https://exa\nmple.com/", BadUrl),
    ("https://example.com/\r\nx-injected: 1", BadUrl),
    ("\u{0}https://example.com/", BadUrl),
    (" https://example.com/", BadUrl),
    ("https://example.com/ HTTP/1.1", BadUrl),
    ("https://example.com\u{a0}/", BadUrl),
    ("https://example.com/\u{7f}", BadUrl),
    ("h\tttps://example.com/", BadUrl),
    // Texts that are not absolute, or only nearly.
    ("", BadUrl),
    ("example.com", BadUrl),
    ("//example.com/", BadUrl),
    ("/path", BadUrl),
    ("https:example.com", BadUrl),
    ("https:/example.com", BadUrl),
    ("https:///example.com", BadUrl),
    ("https://", BadUrl),
    ("https://?q", BadUrl),
    ("https://:443/", BadUrl),
    // Schemes.
    ("file:///etc/passwd", RefusedScheme),
    ("FILE:///etc/passwd", RefusedScheme),
    ("gopher://example.com:6379/_FLUSHALL", RefusedScheme),
    ("data:text/plain,hello", RefusedScheme),
    ("javascript:alert(1)", RefusedScheme),
    ("ftp://example.com/", RefusedScheme),
    ("ws://example.com/", RefusedScheme),
    ("wss://example.com/", RefusedScheme),
    ("dict://example.com:11211/stats", RefusedScheme),
    ("jar:https://example.com!/", RefusedScheme),
    ("view-source:https://example.com/", RefusedScheme),
    ("localhost:8080/", RefusedScheme),
    ("http://example.com/", RefusedScheme),
    ("hTTp://example.com/", RefusedScheme),
    ("http://a.example.org/", RefusedScheme),
    ("https://plain.example.com/", RefusedScheme),
    ("http://api.example.com:8443/", RefusedScheme),
    ("https://plain.example.com:80/", RefusedScheme),
    // Ports.
    ("https://example.com:22/", RefusedHost),
    ("https://example.com:80/", RefusedHost),
    ("https://example.com:0/", BadUrl),
    ("https://example.com:65536/", BadUrl),
    ("https://example.com:-1/", BadUrl),
    ("https://example.com:443x/", BadUrl),
    ("https://api.example.com/", RefusedHost),
    ("https://api.example.com:8444/", RefusedHost),
    ("http://plain.example.com:8080/", RefusedHost),
];

#[tokio::test]
async fn what_is_not_on_the_list_is_neither_resolved_nor_dialled() {
    let list = ["example.com", "*.example.org", "https://api.example.com:8443", "http://plain.example.com"];
    for (url, class) in NOT_ON_THE_LIST {
        let paper = Paper::default();
        assert_eq!(paper.refusal(&hosts(&list), url).await, Some(*class), "{url:?}");
        assert!(paper.0.resolved.borrow().is_empty(), "{url:?} was resolved");
    }
}

/// Spellings of addresses that somebody put on the list, or was made to. The list does not help here.
const NOT_PUBLIC: &[(&str, &str)] = &[
    ("127.0.0.1", "http://127.0.0.1/"),
    ("127.0.0.1", "http://2130706433/"),
    ("127.0.0.1", "http://0x7f000001/"),
    ("127.0.0.1", "http://0X7F.1/"),
    ("127.0.0.1", "http://017700000001/"),
    ("127.0.0.1", "http://0177.0.0.1/"),
    ("127.0.0.1", "http://0177.0x0.0.1/"),
    ("127.0.0.1", "http://127.1/"),
    ("127.0.0.1", "http://127.0.1/"),
    ("127.0.0.1", "http://127.0.0.1./"),
    ("127.0.0.1", "http://00000177.0.0.01/"),
    ("127.0.0.1", "http://%31%32%37.0.0.1/"),
    ("127.0.0.1", "http://127%2e0%2e0%2e1/"),
    ("127.0.0.1", "http://127\u{3002}0\u{3002}0\u{3002}1/"),
    ("127.0.0.1", "http://127\u{ff0e}0\u{ff0e}0\u{ff0e}1/"),
    ("127.0.0.1", "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/"),
    ("127.0.0.1", "http://\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}/"),
    ("127.0.0.1", "http://\u{1d7cf}\u{1d7d0}\u{1d7d5}.0.0.1/"),
    ("127.0.0.1", "http://127.0.0.1\u{ad}/"),
    ("127.255.255.254", "http://127.255.255.254/"),
    ("169.254.169.254", "http://169.254.169.254/latest/meta-data/"),
    ("169.254.169.254", "http://2852039166/"),
    ("169.254.169.254", "http://0xA9FEA9FE/"),
    ("169.254.169.254", "http://0251.0376.0251.0376/"),
    ("169.254.169.254", "http://169.254.43518/"),
    ("169.254.169.254", "http://169.16689662/"),
    ("0.0.0.0", "http://0/"),
    ("0.0.0.0", "http://0.0.0.0/"),
    ("10.0.0.1", "http://10.1/"),
    ("100.100.100.200", "http://100.100.100.200/"),
    ("168.63.129.16", "http://168.63.129.16/"),
    ("172.31.255.255", "http://172.31.255.255/"),
    ("192.168.1.1", "http://192.168.257/"),
    ("192.0.0.192", "http://192.0.0.192/"),
    ("198.19.0.1", "http://198.19.0.1/"),
    ("224.0.0.1", "http://224.0.0.1/"),
    ("240.0.0.1", "http://240.0.0.1/"),
    ("255.255.255.255", "http://4294967295/"),
    ("[::1]", "http://[::1]/"),
    ("[::1]", "http://[0:0:0:0:0:0:0:1]/"),
    ("[::1]", "http://[0000::0001]/"),
    ("[::]", "http://[::]/"),
    ("[::ffff:7f00:1]", "http://[::ffff:127.0.0.1]/"),
    ("[::ffff:7f00:1]", "http://[::FFFF:7F00:1]/"),
    ("[::ffff:a9fe:a9fe]", "http://[::ffff:169.254.169.254]/"),
    ("[::ffff:5db8:d822]", "http://[::ffff:93.184.216.34]/"),
    ("[::7f00:1]", "http://[::127.0.0.1]/"),
    ("[::ffff:0:7f00:1]", "http://[::ffff:0:127.0.0.1]/"),
    ("[64:ff9b::7f00:1]", "http://[64:ff9b::127.0.0.1]/"),
    ("[64:ff9b:1::7f00:1]", "http://[64:ff9b:1::127.0.0.1]/"),
    ("[2002:7f00:1::]", "http://[2002:7f00:1::]/"),
    ("[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/"),
    ("[2001:db8::1]", "http://[2001:db8::1]/"),
    ("[fe80::1]", "http://[fe80::1]/"),
    ("[fec0::1]", "http://[fec0::1]/"),
    ("[fc00::1]", "http://[fc00::1]/"),
    ("[fd00:ec2::254]", "http://[fd00:ec2::254]/"),
    ("[ff02::1]", "http://[ff02::1]/"),
    ("[4000::1]", "http://[4000::1]/"),
    // What holds an address of a cloud's metadata service or of a network behind: mapped, translated, 6to4, Teredo.
    ("169.254.169.254", "http://169.254.169.254./latest/"),
    ("[::ffff:a9fe:a9fe]", "http://[0:0:0:0:0:FFFF:169.254.169.254]/"),
    ("[64:ff9b::a9fe:a9fe]", "http://[64:ff9b::169.254.169.254]/"),
    ("[2002:a9fe:a9fe::1]", "http://[2002:a9fe:a9fe::1]/"),
    ("[2002:c0a8:101::]", "http://[2002:c0a8:101::]/"),
    ("[2001:0:a9fe:a9fe::1]", "http://[2001:0:a9fe:a9fe::1]/"),
    ("[fe80::a9fe:a9fe]", "http://[fe80::a9fe:a9fe]/"),
    ("169.254.170.2", "http://169.254.170.2/v2/credentials"),
    ("192.0.2.1", "http://\u{ff11}\u{ff19}\u{ff12}.0.2.1/"),
    ("10.0.0.1", "http://%31%30.0.0.1/"),
    ("10.0.0.1", "http://012.0.0.1/"),
    ("192.168.0.1", "http://0xc0.0xa8.0.1/"),
    ("192.168.0.1", "http://3232235521/"),
    ("172.16.0.1", "http://0254.020.1/"),
];

#[tokio::test]
async fn no_spelling_of_an_address_that_is_not_public_is_dialled_though_it_is_on_the_list() {
    for (listed, url) in NOT_PUBLIC {
        let policy = hosts(&[&format!("http://{listed}")]);
        assert_eq!(Paper::default().refusal(&policy, url).await, Some(RefusedAddress), "{url:?}");
    }
}

/// What a name that is on the list may be made to mean.
const MEANINGS: &[(&str, &[&str], EgressClass)] = &[
    ("app.example.com", &["127.0.0.1"], RefusedAddress),
    ("app.example.com", &["169.254.169.254"], RefusedAddress),
    ("app.example.com", &["10.1.2.3"], RefusedAddress),
    ("app.example.com", &["0.0.0.0"], RefusedAddress),
    ("app.example.com", &["::1"], RefusedAddress),
    ("app.example.com", &["::"], RefusedAddress),
    ("app.example.com", &["::ffff:10.0.0.1"], RefusedAddress),
    ("app.example.com", &["::ffff:93.184.216.34"], RefusedAddress),
    ("app.example.com", &["64:ff9b::a00:1"], RefusedAddress),
    ("app.example.com", &["fd00::1"], RefusedAddress),
    ("app.example.com", &["fe80::1"], RefusedAddress),
    // Public and not, in any order: one condemns all.
    ("app.example.com", &["93.184.216.34", "10.0.0.1"], RefusedAddress),
    ("app.example.com", &["10.0.0.1", "93.184.216.34"], RefusedAddress),
    ("app.example.com", &["93.184.216.34", "2606:2800:220:1::1", "::1"], RefusedAddress),
    ("app.example.com", &["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5", "127.0.0.1"], RefusedAddress),
    ("app.example.com", &[], Unresolvable),
    // Names of this machine and of clouds, as a hosts file or a resolver inside has them.
    ("localhost", &["127.0.0.1", "::1"], RefusedAddress),
    ("db", &["172.17.0.2"], RefusedAddress),
    ("metadata.google.internal", &["169.254.169.254"], RefusedAddress),
    ("host.docker.internal", &["192.168.65.2"], RefusedAddress),
    ("127.0.0.1.nip.example", &["127.0.0.1"], RefusedAddress),
];

#[tokio::test]
async fn a_name_on_the_list_is_not_dialled_when_any_address_it_means_is_not_public() {
    for (name, addresses, class) in MEANINGS {
        let paper = Paper::naming(name, &[addresses]);
        let (policy, url) = (hosts(&[name]), format!("https://{name}./"));
        assert_eq!(paper.refusal(&policy, &url).await, Some(*class), "{name} as {addresses:?}");
        assert_eq!(*paper.0.resolved.borrow(), [*name], "asked once, without the dot");
    }
}

#[tokio::test]
async fn a_name_that_means_another_machine_a_moment_later_is_dialled_where_it_was_checked() {
    let paper = Paper::naming("app.example.com", &[&["93.184.216.34"], &["127.0.0.1"]]);
    paper.get(&hosts(&["app.example.com"]), "https://app.example.com/").await.unwrap();
    assert_eq!(paper.0.resolved.borrow().len(), 1, "asked once");
    let dialled: Vec<String> = paper.0.dialled.borrow().iter().map(|peer| peer.address.to_string()).collect();
    assert_eq!(dialled, ["93.184.216.34:443"]);

    let failure = paper.get(&hosts(&["app.example.com"]), "https://app.example.com/").await.unwrap_err();
    assert_eq!((failure.class, failure.sent), (RefusedAddress, false));
    assert_eq!(paper.0.dialled.borrow().len(), 1, "what it means now is not dialled");
}

/// What URLs that mislead are made of.
const PIECES: [&str; 36] = [
    "https:",
    "http:",
    "HTTPS:",
    "/",
    "//",
    "\\",
    "@",
    ":",
    "?",
    "#",
    "%40",
    "%2e",
    "%00",
    "\t",
    "\n",
    " ",
    "\u{3002}",
    "\u{ff0e}",
    "\u{ad}",
    "\u{ff11}",
    "example.com",
    "evil.test",
    ".",
    "localhost",
    "127.0.0.1",
    "0x7f",
    "1",
    "0",
    "0177",
    "169.254.169.254",
    "[",
    "]",
    "::1",
    "::ffff:7f00:1",
    "443",
    "80",
];

#[tokio::test]
async fn however_misleading_a_url_is_it_leads_to_the_list_or_nowhere() {
    let policy = hosts(&["example.com", "localhost", "127.0.0.1", "http://169.254.169.254", "[::1]"]);
    let (mut state, mut out) = (7_u64, 0);
    for _ in 0..100_000 {
        let mut url = String::from(if state & 1 == 0 { "https://" } else { "" });
        for _ in 0..=(state >> 40) % 7 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            url.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        }
        let paper = Paper::naming("localhost", &[&["127.0.0.1"]]);
        let reached = paper.get(&policy, &url).await.is_ok();
        for peer in paper.0.dialled.borrow().iter() {
            assert_eq!((peer.address.to_string().as_str(), peer.name.as_str()), ("93.184.216.34:443", "example.com"));
            assert!(peer.secure, "{url:?}");
        }
        out += usize::from(reached);
    }
    assert!(out > 100, "some do lead to the list: {out}");
}

#[test]
fn there_are_attacks_enough() {
    assert!(NOT_ON_THE_LIST.len() + NOT_PUBLIC.len() + MEANINGS.len() > 150);
}
