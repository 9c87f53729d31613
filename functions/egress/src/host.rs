//! Hosts as the URL parser leaves them.

use std::fmt;
use std::net::IpAddr;

/// Longest name, and longest label of it, as DNS has them.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// A name in lower case, ASCII and without a trailing dot, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name.
    Name(String),
    /// An address, however it was written.
    Address(IpAddr),
}

impl Host {
    /// The host of a URL. The parser has brought every spelling of an address and of a name to one form; what is left
    /// is to refuse names that DNS could not have.
    pub fn read(host: Option<url::Host<&str>>) -> Result<Self, &'static str> {
        match host {
            None => Err("it names no host"),
            Some(url::Host::Ipv4(address)) => Ok(Self::Address(IpAddr::V4(address))),
            Some(url::Host::Ipv6(address)) => Ok(Self::Address(IpAddr::V6(address))),
            Some(url::Host::Domain(name)) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
                let label = |label: &str| (1..=LABEL_MAX).contains(&label.len()) && label.bytes().all(known);
                if name.len() > NAME_MAX || !name.split('.').all(label) {
                    return Err("its host is no name");
                }
                Ok(Self::Name(name.to_owned()))
            }
        }
    }
}

/// As `Host` has it in a header, without a port.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}
