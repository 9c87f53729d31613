//! Who asks. Tokens themselves are not kept, only their SHA-256 digests.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use ports::Problem;
use ports::problem::Fault;
use sha2::{Digest, Sha256};
use std::hint::black_box;

/// The tokens that are valid here, each with the pseudonym of the principal it speaks for.
#[derive(Clone, Default)]
pub struct Tokens {
    entries: Vec<([u8; 32], String)>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.entries.len())
    }
}

impl Tokens {
    /// No token is valid.
    pub fn new() -> Self {
        Self::default()
    }

    /// Let `token` speak for `principal`. The pseudonym stands in the log for ever, so it is never a name.
    pub fn with(self, token: &str, principal: impl Into<String>) -> Self {
        self.with_digest(Sha256::digest(token).into(), principal)
    }

    /// Let the token with this SHA-256 digest speak for `principal`.
    pub fn with_digest(mut self, digest: [u8; 32], principal: impl Into<String>) -> Self {
        self.entries.push((digest, principal.into()));
        self
    }

    /// Whom `token` speaks for. Every entry is compared whole, so that the time taken says nothing of what was close.
    pub fn principal(&self, token: &str) -> Option<&str> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let found = self.entries.iter().fold(None, |found, (known, principal)| {
            let different = known.iter().zip(&digest).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
            if different == 0 { Some(principal) } else { found }
        });
        found.map(String::as_str)
    }

    /// Whom the one bearer token in `headers` speaks for.
    pub fn authenticate(&self, headers: &HeaderMap) -> Result<&str, Problem> {
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let (Some(only), None) = (sent.next(), sent.next()) else {
            return Err(Fault::Unauthenticated.because("one Authorization header is wanted"));
        };
        let parts = only.to_str().ok().and_then(|text| text.split_once(' '));
        let token = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let Some(token) = token else {
            return Err(Fault::Unauthenticated.because("the Authorization header does not hold a bearer token"));
        };
        self.principal(token).ok_or_else(|| Fault::Unauthenticated.because("the token is not valid here"))
    }
}
