//! Letters between the writers of a workspace: sealed, because a store reads nothing that was said.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kernel::hash::{Domain, hash};
use ports::sequencing::SequencingError;
use ports::wire::Answered;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a letter is: so that none is taken for an answer.
#[derive(Debug, Clone, Copy)]
pub enum Side {
    /// What is asked.
    Ask,
    /// What is answered.
    Answer,
}

impl Side {
    fn bound(self, ticket: &str) -> Vec<u8> {
        let side: &[u8] = match self {
            Self::Ask => b"ask\0",
            Self::Answer => b"answer\0",
        };
        [side, ticket.as_bytes()].concat()
    }
}

/// `value` as it lies in the inbox under `ticket`. A ticket is used once, and `random` is fresh.
pub fn seal<T: Serialize>(key: &[u8; 32], side: Side, ticket: &str, random: &[u8; 32], value: &T) -> Answered<Vec<u8>> {
    let plain = serde_json::to_vec(value).map_err(|why| unread(&why.to_string()))?;
    let nonce: [u8; 24] = std::array::from_fn(|i| random.get(i).copied().unwrap_or_default());
    let payload = Payload { msg: &plain, aad: &side.bound(ticket) };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| unread("it cannot be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// What [`seal`] was given.
pub fn open<T: DeserializeOwned>(key: &[u8; 32], side: Side, ticket: &str, sealed: &[u8]) -> Answered<T> {
    let altered = || unread("it was altered, or sealed under another key");
    let (nonce, sealed) = sealed.split_first_chunk::<24>().ok_or_else(altered)?;
    let payload = Payload { msg: sealed, aad: &side.bound(ticket) };
    let plain = cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| altered())?;
    serde_json::from_slice(&plain).map_err(|why| unread(&why.to_string()))
}

/// A key of its own for letters, made of the workspace's.
fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    let own = hash(Domain::Identity, &[b"letters between writers\0", key]);
    XChaCha20Poly1305::new((&own).into())
}

fn unread(why: &str) -> SequencingError {
    SequencingError::Unavailable(format!("a letter between writers cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_opens_for_its_ticket_and_side_only_and_says_nothing_to_others() {
        let sealed = seal(&[1; 32], Side::Ask, "t", &[9; 32], &"the plan").unwrap();
        assert_eq!(open::<String>(&[1; 32], Side::Ask, "t", &sealed).unwrap(), "the plan");
        assert!(!sealed.windows(4).any(|part| part == b"plan"));
        assert!(open::<String>(&[2; 32], Side::Ask, "t", &sealed).is_err());
        assert!(open::<String>(&[1; 32], Side::Answer, "t", &sealed).is_err());
        assert!(open::<String>(&[1; 32], Side::Ask, "u", &sealed).is_err());
        for nth in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[nth] ^= 1;
            assert!(open::<String>(&[1; 32], Side::Ask, "t", &altered).is_err(), "{nth}");
            assert!(open::<String>(&[1; 32], Side::Ask, "t", &sealed[..nth]).is_err(), "{nth}");
        }
    }
}
