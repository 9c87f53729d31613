//! Where a command finds its host: over the data directory of this machine, or elsewhere.

use crate::outcome::Problem;
use http::uri::{Authority, Scheme, Uri};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The environment variable with the token of a host elsewhere. A token on the command line would be seen by everybody
/// who lists processes.
pub const TOKEN: &str = "KERNELOS_TOKEN";

/// The environment variable with the token of the host that a workspace is moved to.
pub const TO_TOKEN: &str = "KERNELOS_TO_TOKEN";

/// What the arguments say of where the host is.
#[derive(Debug, Clone)]
pub struct Place {
    /// The data directory of this machine.
    pub data: PathBuf,
    /// The URL of a host elsewhere, which is talked to instead of the one over the data directory.
    pub host: Option<String>,
    /// It may be talked to in clear over a network.
    pub in_clear: bool,
}

impl Place {
    /// On this machine, over `data`.
    pub fn over(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), host: None, in_clear: false }
    }

    /// The data directory, for a command that works on it. With a host elsewhere it would work on other data than was
    /// meant; `instead` says what to do there.
    pub fn here(&self, command: &str, instead: &str) -> Result<&Path, Problem> {
        let Some(host) = &self.host else { return Ok(&self.data) };
        Err(Problem {
            code: "only_here".to_owned(),
            ..Problem::usage(
                format!("`{command}` works on this machine's data directory, and the host meant is {host}"),
                format!("{instead}\nTo work on this machine, leave --host out and unset KERNELOS_HOST."),
            )
        })
    }

    /// The host elsewhere, if one is meant, and its token.
    pub fn elsewhere(&self) -> Result<Option<(Target, String)>, Problem> {
        let Some(host) = &self.host else { return Ok(None) };
        Target::with_token(host, self.in_clear, TOKEN).map(Some)
    }
}

/// Where a host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name, or its address without brackets.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub secure: bool,
    /// What stands in the `host` header.
    pub authority: String,
    /// Only addresses of this machine may be connected to.
    pub loopback: bool,
}

impl Target {
    /// The host on this machine that listens on `address`.
    pub fn here(address: SocketAddr) -> Self {
        let (name, port) = (address.ip().to_string(), address.port());
        Self { name, port, secure: false, authority: address.to_string(), loopback: true }
    }

    /// The host at `url`. Without TLS its token could be read on the way, so that is for this machine only, unless
    /// `in_clear` is said.
    pub fn read(url: &str, in_clear: bool) -> Result<Self, Problem> {
        let bad = |why: &str| {
            Problem::usage(format!("{url:?} is no URL of a host: {why}"), "Write it as https://host.example.")
        };
        let uri: Uri = url.parse().map_err(|_| bad("it cannot be read"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(bad("it begins with https:// and a name"));
        };
        if authority.as_str().contains('@') {
            return Err(bad("credentials do not belong into it"));
        }
        if uri.path().len() > 1 || uri.query().is_some() {
            return Err(bad("nothing stands behind the name and the port"));
        }
        let secure = *scheme == Scheme::HTTPS;
        if !secure && *scheme != Scheme::HTTP {
            return Err(bad("only https:// and http:// are known"));
        }
        let target = Self::at(authority, secure, !secure && !in_clear);
        if target.loopback && !target.is_of_this_machine() {
            return Err(Problem::usage(
                format!("the token of {url} could be read on the way: http is for hosts on this machine"),
                "Use https://. On a network that nobody else reads, say --host-in-clear.",
            ));
        }
        Ok(target)
    }

    /// The host at `url`, and its token, which the environment variable `variable` holds.
    pub fn with_token(url: &str, in_clear: bool, variable: &str) -> Result<(Self, String), Problem> {
        let target = Self::read(url, in_clear)?;
        let token = std::env::var(variable).ok().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| {
            Problem::usage(
                format!("the host at {url} is asked with a token, and {variable} holds none"),
                format!("Put a token of that host into the environment variable {variable}; it is never an argument."),
            )
        })?;
        if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok((target, token));
        }
        Err(Problem::usage(
            format!("{variable} does not hold a token: a token is one word"),
            "Copy it whole, and nothing else.",
        ))
    }

    /// How people call it.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }

    fn at(authority: &Authority, secure: bool, loopback: bool) -> Self {
        let host = authority.host();
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Self { name, port, secure, authority: authority.as_str().to_owned(), loopback }
    }

    fn is_of_this_machine(&self) -> bool {
        self.name.eq_ignore_ascii_case("localhost") || self.name.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_elsewhere_is_reached_by_https_and_one_on_this_machine_also_in_clear() {
        let read = |url: &str| Target::read(url, false).unwrap();
        let cloud = read("https://kernelos.example.com");
        assert_eq!((cloud.name.as_str(), cloud.port, cloud.secure), ("kernelos.example.com", 443, true));
        assert_eq!(read("https://[2001:db8::1]:8443/").name, "2001:db8::1");
        for url in ["http://127.0.0.1:8787", "http://localhost:8787/", "http://[::1]:8787"] {
            let target = read(url);
            assert!(target.loopback && !target.secure && target.port == 8787, "{url}: {target:?}");
        }
        let refused = Target::read("http://kernelos.example.com", false).unwrap_err();
        assert!(refused.hint.contains("--host-in-clear"), "{refused:?}");
        assert!(!Target::read("http://kernelos.example.com", true).unwrap().loopback);
    }

    #[test]
    fn what_is_no_url_of_a_host_is_refused_with_the_reason() {
        for (url, why) in [
            ("kernelos.example.com", "begins with https://"),
            ("https://user:secret@kernelos.example.com", "credentials"),
            ("https://kernelos.example.com/v1", "nothing stands behind"),
            ("https://kernelos.example.com/?a=b", "nothing stands behind"),
            ("ftp://kernelos.example.com", "only https://"),
            ("https://", "cannot be read"),
        ] {
            let refused = Target::read(url, true).unwrap_err();
            assert!(refused.exit == 2 && refused.what.contains(why), "{url}: {refused:?}");
        }
    }

    #[test]
    fn what_works_on_this_machine_says_so_when_a_host_elsewhere_is_meant() {
        let here = Place::over("data");
        assert_eq!(here.here("kernelos doctor", "").unwrap(), Path::new("data"));
        let there = Place { host: Some("https://kernelos.example.com".to_owned()), ..here };
        let refused = there.here("kernelos doctor", "Look at that host's own tools.").unwrap_err();
        assert_eq!((refused.exit, refused.code.as_str()), (2, "only_here"));
        assert!(refused.hint.starts_with("Look at that host's own tools.\n"), "{refused:?}");
    }
}
