//! Whom a component may speak to, as `allowed_outbound_hosts` says it.

/// What siblings are called: `http://NAME.spin.internal`.
pub const SIBLINGS: &str = ".spin.internal";

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    scheme: Option<String>,
    host: Host,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    /// Names below this one.
    Below(String),
    Exactly(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Any,
    /// That of the scheme.
    Usual,
    Exactly(u16),
}

impl Allowed {
    /// Read an entry: `https://example.org`, `https://*.example.org:8443`, `http://127.0.0.1:*`, `*://*:*`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let odd =
            || format!("{text:?} in allowed_outbound_hosts is not written as SCHEME://HOST or SCHEME://HOST:PORT");
        let (scheme, rest) = text.split_once("://").ok_or_else(odd)?;
        let scheme = match scheme {
            "*" => None,
            "http" | "https" => Some(scheme.to_owned()),
            _ => return Err(odd()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = match port {
            None => Port::Usual,
            Some("*") => Port::Any,
            Some(port) => Port::Exactly(port.parse().map_err(|_| odd())?),
        };
        let plain = |name: &str| !name.is_empty() && !name.contains(['*', '/', '{', '?', '#', '@', ' ']);
        let host = match host.strip_prefix("*.") {
            _ if host == "*" => Host::Any,
            Some(name) if plain(name) => Host::Below(format!(".{}", name.to_ascii_lowercase())),
            None if plain(host) => Host::Exactly(host.to_ascii_lowercase()),
            _ => return Err(odd()),
        };
        Ok(Self { scheme, host, port })
    }

    /// Whether it lets a request to `host` at `port` through. `scheme` is `http` or `https`.
    pub fn lets(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = port.unwrap_or(usual);
        let host = host.to_ascii_lowercase();
        // Siblings are meant when they are named: no wildcard of the outside leads inside.
        let is_sibling = host.ends_with(SIBLINGS);
        let host_fits = match &self.host {
            Host::Any => !is_sibling,
            Host::Below(end) => host.len() > end.len() && host.ends_with(end) && (!is_sibling || end == SIBLINGS),
            Host::Exactly(name) => *name == host,
        };
        let port_fits = match self.port {
            Port::Any => true,
            Port::Usual => port == usual,
            Port::Exactly(only) => port == only,
        };
        let scheme_fits = self.scheme.as_ref().is_none_or(|only| only == scheme);
        host_fits && port_fits && scheme_fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets(entry: &str, scheme: &str, host: &str, port: Option<u16>) -> bool {
        Allowed::parse(entry).unwrap().lets(scheme, host, port)
    }

    #[test]
    fn an_entry_lets_through_what_it_names_and_nothing_else() {
        assert!(lets("https://example.org", "https", "EXAMPLE.org", None));
        assert!(lets("https://example.org", "https", "example.org", Some(443)));
        assert!(!lets("https://example.org", "https", "example.org", Some(444)));
        assert!(!lets("https://example.org", "http", "example.org", None));
        assert!(!lets("https://example.org", "https", "a.example.org", None));
        assert!(!lets("https://example.org", "https", "example.org.evil.test", None));
        assert!(lets("https://*.example.org", "https", "a.b.example.org", None));
        assert!(!lets("https://*.example.org", "https", "example.org", None));
        assert!(!lets("https://*.example.org", "https", "badexample.org", None));
        assert!(lets("http://127.0.0.1:*", "http", "127.0.0.1", Some(8080)));
        assert!(!lets("http://127.0.0.1:*", "http", "127.0.0.2", Some(8080)));
        assert!(lets("https://*:443", "https", "anything.test", None));
        assert!(lets("http://[::1]:8080", "http", "[::1]", Some(8080)));
        assert!(lets("*://*:*", "http", "x.test", Some(1)));
    }

    #[test]
    fn siblings_are_reached_by_name_and_by_no_wildcard_of_the_outside() {
        assert!(lets("http://two.spin.internal", "http", "two.spin.internal", None));
        assert!(lets("http://*.spin.internal", "http", "two.spin.internal", None));
        assert!(!lets("*://*:*", "http", "two.spin.internal", None));
        assert!(!lets("http://*.internal", "http", "two.spin.internal", None));
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for odd in [
            "example.org",
            "ftp://x",
            "https://",
            "https://a b",
            "https://x:99999",
            "https://{a,b}",
            "https://x/y",
            "https://a*",
        ] {
            assert!(Allowed::parse(odd).unwrap_err().contains(odd), "{odd}");
        }
    }
}
