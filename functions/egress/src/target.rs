//! Where a request goes, read from a URL in one way only.
//!
//! The URL parser is the WHATWG one, which is generous: it drops tabs, takes backslashes for slashes, and reads
//! `0x7f.1` as an address. What it makes of a URL is what is checked and what is connected to, so generosity is no hole;
//! but people approve what they read, so a text that is not what it seems is refused before the parser sees it.

use crate::failure::{Outcome, fail, shown};
use crate::host::Host;
use ports::egress::EgressClass::{BadUrl, RefusedScheme};
use std::fmt;
use url::Url;

/// Longest URL.
const URL_BYTES_MAX: usize = 8192;

/// A peer and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether it is https.
    pub secure: bool,
    /// The host.
    pub host: Host,
    /// The port, the scheme's own if none was written.
    pub port: u16,
    url: Url,
}

impl Target {
    /// Read an absolute URL.
    pub fn parse(text: &str) -> Outcome<Self> {
        check_characters(text)?;
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return fail(BadUrl, "the URL does not begin with https:// or http://");
        };
        check_scheme(&scheme.to_ascii_lowercase())?;
        let authority = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        match authority {
            None | Some("") => return fail(BadUrl, "the URL does not name its host after //"),
            Some(authority) if authority.contains('@') => return fail(BadUrl, USERINFO),
            Some(_) => {}
        }
        Self::read(Url::parse(text).or_else(|error| fail(BadUrl, format!("the URL cannot be read: {error}")))?)
    }

    /// What `location`, as a header of an answer from here, leads to.
    pub fn follow(&self, location: &str) -> Outcome<Self> {
        check_characters(location)?;
        let url = self.url.join(location);
        Self::read(url.or_else(|error| fail(BadUrl, format!("the redirect cannot be read: {error}")))?)
    }

    fn read(mut url: Url) -> Outcome<Self> {
        check_scheme(url.scheme())?;
        if !url.username().is_empty() || url.password().is_some() {
            return fail(BadUrl, USERINFO);
        }
        let host = Host::read(url.host()).or_else(|why| fail(BadUrl, format!("the URL cannot be used: {why}")))?;
        let Some(port) = url.port_or_known_default().filter(|port| *port != 0) else {
            return fail(BadUrl, "the URL has no port that can be connected to");
        };
        url.set_fragment(None);
        // Without the dot it may have ended in: one name is one host, whoever is asked about it.
        if url.set_host(Some(&host.to_string())).is_err() {
            return fail(BadUrl, "the URL cannot be used: its host is no name");
        }
        Ok(Self { secure: url.scheme() == "https", host, port, url })
    }

    /// The normalised URL, without a fragment.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Path and query, as they stand in a request.
    pub fn path(&self) -> &str {
        &self.url[url::Position::BeforePath..]
    }

    /// The `host` header.
    pub fn host_header(&self) -> String {
        self.url.port().map_or_else(|| self.host.to_string(), |port| format!("{}:{port}", self.host))
    }

    /// Whether both are the same peer to whoever trusts one of them.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.secure == other.secure && self.host == other.host && self.port == other.port
    }
}

/// The peer, without the rest of the URL, which may hold credentials.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

const USERINFO: &str = "the URL has a user name before its host; credentials belong into a header";

/// Refuse what parsers drop or read as something else.
fn check_characters(text: &str) -> Outcome<()> {
    if text.len() > URL_BYTES_MAX {
        return fail(BadUrl, format!("a URL has at most {URL_BYTES_MAX} bytes"));
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    match text.chars().find(|c| odd(*c)) {
        Some(c) => fail(BadUrl, format!("the URL holds {c:?}, which some read as nothing or as a slash; encode it")),
        None => Ok(()),
    }
}

fn check_scheme(scheme: &str) -> Outcome<()> {
    match scheme {
        "https" | "http" => Ok(()),
        other => fail(RefusedScheme, format!("requests are made by https and http, not by {}", shown(other))),
    }
}

fn is_scheme(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(known)
}
