//! A file key for a recipient, by X25519.

use super::header::Stanza;
use super::{FileKey, Identity, Recipient, derived, found, wrapped};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};
use zeroize::Zeroizing;

const KIND: &str = "X25519";
const PURPOSE: &[u8] = b"age-encryption.org/v1/X25519";

/// The file key for `recipient`. `random` is used for this only.
pub fn wrap(file_key: &FileKey, recipient: &Recipient, random: [u8; 32]) -> Option<Stanza> {
    let ephemeral = StaticSecret::from(random);
    let share = PublicKey::from(&ephemeral);
    let under = under(&ephemeral.diffie_hellman(&recipient.0), &share, &recipient.0)?;
    let words = vec![KIND.to_owned(), STANDARD_NO_PAD.encode(share.as_bytes())];
    Some(Stanza { words, body: wrapped(file_key, &under)? })
}

/// The file key, if it is for `identity`.
pub fn unwrap(stanza: &Stanza, identity: &Identity) -> Option<FileKey> {
    let [kind, share] = stanza.words.as_slice() else { return None };
    let share: [u8; 32] = STANDARD_NO_PAD.decode(share).ok().filter(|_| kind == KIND)?.try_into().ok()?;
    let share = PublicKey::from(share);
    let under = under(&identity.0.diffie_hellman(&share), &share, &identity.recipient().0)?;
    found(&stanza.body, &under)
}

fn under(shared: &SharedSecret, share: &PublicKey, recipient: &PublicKey) -> Option<Zeroizing<[u8; 32]>> {
    // A share of low order makes the same secret with every key.
    if !shared.was_contributory() {
        return None;
    }
    let salt = [&share.as_bytes()[..], recipient.as_bytes()].concat();
    Some(derived(shared.as_bytes(), &salt, PURPOSE))
}
