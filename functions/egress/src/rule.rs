//! One line of the list of hosts.

use crate::host::Host;
use crate::target::Target;
use url::Url;

/// Longest rule.
const RULE_BYTES_MAX: usize = 512;

/// Whom one line allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRule {
    secure: bool,
    port: u16,
    whom: Whom,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Whom {
    Only(Host),
    /// Every name that ends in this one, with its leading dot.
    Below(String),
}

impl HostRule {
    /// Read `[https://|http://][*.]host[:port][/]`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > RULE_BYTES_MAX {
            return Err("it is too long");
        }
        let lower = text.to_lowercase();
        let (scheme, rest) = lower.split_once("://").unwrap_or(("https", &lower));
        if !["https", "http"].contains(&scheme) {
            return Err("its scheme is neither https nor http");
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (below, host) = rest.strip_prefix("*.").map_or((false, rest), |host| (true, host));
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\\/?#@*%".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err("it is no host; write example.com, *.example.com or http://10.0.0.7:8080");
        }
        let url = Url::parse(&format!("{scheme}://{host}")).map_err(|_| "its host cannot be read")?;
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or("its port cannot be connected to")?;
        let whom = match (Host::read(url.host())?, below) {
            (host, false) => Whom::Only(host),
            (Host::Name(name), true) if name.contains('.') => Whom::Below(format!(".{name}")),
            (Host::Name(_), true) => return Err("below a single label there are too many hosts to be one rule"),
            (Host::Address(_), true) => return Err("an address has no names below it"),
        };
        Ok(Self { secure: scheme == "https", port, whom })
    }

    /// Whether the rule allows `target`: host, scheme and port.
    pub fn allows(&self, target: &Target) -> bool {
        self.names(&target.host) && self.secure == target.secure && self.port == target.port
    }

    /// Whether the rule is about `host`, by whatever scheme and port.
    pub fn names(&self, host: &Host) -> bool {
        match (&self.whom, host) {
            (Whom::Only(only), host) => only == host,
            (Whom::Below(suffix), Host::Name(name)) => name.len() > suffix.len() && name.ends_with(suffix),
            (Whom::Below(_), Host::Address(_)) => false,
        }
    }

    /// Whether the rule is one of https.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}
