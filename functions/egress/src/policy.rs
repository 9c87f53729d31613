//! The rules of a workspace, read.

use crate::address::reachable;
use crate::failure::{Outcome, fail, shown};
use crate::range::Range;
use crate::rule::HostRule;
use crate::target::Target;
use ports::EgressPolicy;
use ports::egress::EgressClass::{BadPolicy, RefusedAddress, RefusedHost, RefusedScheme, Secret};
use std::net::IpAddr;

/// Most lines of each list.
const RULES_MAX: usize = 256;
/// Most of each, whatever a policy says.
const REDIRECTS_MAX: u32 = 20;
const RESPONSE_BYTES_MAX: usize = 16 << 20;
const TIMEOUT_MS_MAX: u64 = 3_600_000;

/// What a workspace may reach, ready to be asked.
#[derive(Debug, Clone)]
pub struct Policy {
    hosts: Vec<HostRule>,
    grants: Vec<Range>,
    secrets: Vec<(String, HostRule)>,
    pub(crate) redirects_max: u32,
    pub(crate) response_bytes_max: usize,
    pub(crate) timeout_ms: u64,
    pub(crate) silence_ms: u64,
    pub(crate) secrets_in_clear: bool,
}

impl Policy {
    /// Read the rules. One that cannot be read makes the whole policy unusable: a list that is shorter than its author
    /// thinks is a surprise, and whoever wrote it should hear of it.
    pub fn parse(policy: &EgressPolicy) -> Outcome<Self> {
        Ok(Self {
            hosts: lines("a host", &policy.hosts, HostRule::parse)?,
            grants: lines("a range of addresses", &policy.private, Range::parse)?,
            secrets: lines("a secret and its host", &policy.secrets, secret)?,
            redirects_max: policy.redirects_max.min(REDIRECTS_MAX),
            response_bytes_max: policy.response_bytes_max.min(RESPONSE_BYTES_MAX),
            timeout_ms: policy.timeout_ms.min(TIMEOUT_MS_MAX),
            silence_ms: policy.silence_ms.min(TIMEOUT_MS_MAX),
            secrets_in_clear: policy.secrets_in_clear,
        })
    }

    /// Whether some rule names the peer of `target`. What its name means is another question.
    pub(crate) fn admit(&self, target: &Target) -> Outcome<()> {
        if self.hosts.iter().any(|rule| rule.allows(target)) {
            return Ok(());
        }
        let mut about = self.hosts.iter().filter(|rule| rule.names(&target.host)).peekable();
        if about.peek().is_some() && about.all(|rule| rule.is_secure() != target.secure) {
            return fail(RefusedScheme, format!("{target} is allowed by the other scheme only"));
        }
        fail(RefusedHost, format!("{target} is not on the list of hosts this workspace may reach"))
    }

    /// Whether every one of the addresses that `target` means may be reached. One that may not condemns the others:
    /// a name that means both is either set up wrongly, or on purpose.
    pub(crate) fn admit_addresses(&self, target: &Target, addresses: &[IpAddr]) -> Outcome<()> {
        for address in addresses {
            if let Err(what) = reachable(*address, &self.grants) {
                let whole = if address.is_ipv4() { 32 } else { 128 };
                return fail(
                    RefusedAddress,
                    format!(
                        "{target} is at {address}, which is not public: {what}; whoever may grant it does so with \
                         kernelos egress allow --private {address}/{whole}"
                    ),
                );
            }
        }
        Ok(())
    }

    /// Whether the secret behind `reference` may be sent to `target`.
    pub(crate) fn admit_secret(&self, reference: &str, target: &Target) -> Outcome<()> {
        if self.secrets.iter().any(|(secret, rule)| secret == reference && rule.allows(target)) {
            return Ok(());
        }
        fail(Secret, format!("the secret {} may not be sent to {target}", shown(reference)))
    }
}

fn secret(text: &str) -> Result<(String, HostRule), &'static str> {
    let (reference, host) = text.rsplit_once('@').ok_or("it does not say to whom; write vault:NAME@example.com")?;
    let known = ["env:", "vault:"].iter().any(|kind| reference.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
    if known {
        Ok((reference.to_owned(), HostRule::parse(host)?))
    } else {
        Err("it is neither env:NAME nor vault:NAME")
    }
}

fn lines<T>(what: &str, texts: &[String], read: impl Fn(&str) -> Result<T, &'static str>) -> Outcome<Vec<T>> {
    if texts.len() > RULES_MAX {
        return fail(BadPolicy, format!("a list of rules has at most {RULES_MAX} lines"));
    }
    let read = |text: &String| {
        read(text).or_else(|why| fail(BadPolicy, format!("\"{}\" cannot be read as {what}: {why}", shown(text))))
    };
    texts.iter().map(read).collect()
}
