//! References to secrets in headers, and what becomes of them at the last moment.

use crate::failure::{Outcome, fail};
use crate::message::Message;
use http::header::{HeaderMap, HeaderValue};
use ports::egress::EgressClass;
use ports::{EgressFailure, Secret, VaultError};

const OPEN: &str = "{{secret:";
const CLOSE: &str = "}}";

/// Parts of a secret shorter than this give nothing away, and occur by chance.
const PART: usize = 4;

/// Whether a header's value holds a reference, or the beginning of one.
pub fn mentions_secret(value: &[u8]) -> bool {
    value.windows(OPEN.len()).any(|window| window == OPEN.as_bytes())
}

/// The references in the headers of `message`, each once.
pub fn references(message: &Message) -> Outcome<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for value in message.headers.values().filter(|value| mentions_secret(value.as_bytes())) {
        for piece in pieces(value)? {
            match piece {
                Piece::Reference(reference) if !found.iter().any(|known| known == reference) => {
                    found.push(reference.to_owned());
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Secrets by their references, for one exchange.
pub struct Opened(pub Vec<(String, Secret)>);

impl Opened {
    /// The headers of `message` with the secrets in them.
    pub fn fill(&self, message: &Message) -> Outcome<HeaderMap> {
        let mut filled = HeaderMap::new();
        for (name, value) in &message.headers {
            let value = if mentions_secret(value.as_bytes()) { self.value(value)? } else { value.clone() };
            filled.append(name.clone(), value);
        }
        Ok(filled)
    }

    fn value(&self, value: &HeaderValue) -> Outcome<HeaderValue> {
        let mut text = String::new();
        for piece in pieces(value)? {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Reference(reference) => match self.0.iter().find(|(known, _)| known == reference) {
                    Some((_, secret)) => text.push_str(secret.reveal()),
                    None => return fail(EgressClass::Secret, "a secret was not asked for"),
                },
            }
        }
        match HeaderValue::from_bytes(text.as_bytes()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                Ok(value)
            }
            Err(_) => fail(EgressClass::Secret, "a secret is not one line of text and cannot stand in a header"),
        }
    }

    /// `failure` without any of the secrets in its words.
    pub fn conceal(&self, failure: EgressFailure) -> EgressFailure {
        let long = self.0.iter().map(|(_, secret)| secret.reveal()).filter(|secret| secret.len() >= PART);
        let detail = long.fold(failure.detail, |detail, secret| detail.replace(secret, "…"));
        EgressFailure { detail, ..failure }
    }
}

/// Why the vault has no secret. What it says names references at most.
pub fn unopened<T>(error: &VaultError) -> Outcome<T> {
    fail(EgressClass::Secret, error.to_string())
}

enum Piece<'a> {
    Text(&'a str),
    Reference(&'a str),
}

fn pieces(value: &HeaderValue) -> Outcome<Vec<Piece<'_>>> {
    let Ok(mut rest) = std::str::from_utf8(value.as_bytes()) else {
        return fail(EgressClass::Secret, "a header with a secret is not text");
    };
    let mut pieces = Vec::new();
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((reference, after)) = after.split_once(CLOSE) else {
            return fail(EgressClass::Secret, "a reference to a secret is not closed; write {{secret:vault:NAME}}");
        };
        pieces.extend([Piece::Text(before), Piece::Reference(reference)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}
