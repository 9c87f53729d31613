//! How a request without ids is told from every other: by who sent it and the idempotency key it came under.

use crate::limits::IDEMPOTENCY_KEY_BYTES;
use http::HeaderMap;
use kernel::hash::{Domain, hash};
use kernel::id::KeyId;
use ports::Problem;
use ports::problem::Fault;

/// The header that holds the key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The idempotency key in `headers`, if there is one.
pub fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = sent.next() else { return Ok(None) };
    let length = 1..=IDEMPOTENCY_KEY_BYTES;
    let visible = |key: &&str| length.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    match (first.to_str().ok().filter(visible), sent.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(Fault::InvalidIdempotencyKey.because("one text without spaces is wanted")),
    }
}

/// The identity of command number `index` of what `principal` sent under `key`.
pub fn of_command(principal: &str, key: &str, index: u32) -> KeyId {
    KeyId(first16(b"idempotency", principal, key.as_bytes(), &index.to_le_bytes()))
}

/// The identity of creating a workspace without a key: the same bytes for the same workspace are the same request.
pub fn of_creation(principal: &str, body: &[u8]) -> KeyId {
    KeyId(first16(b"creation", principal, body, &[]))
}

/// Stands for the random part in the id of a workspace that `principal` had made under `key`.
pub fn of_workspace(principal: &str, key: &str) -> [u8; 16] {
    first16(b"made workspace", principal, key.as_bytes(), &[])
}

/// Lengths stand before the parts, so that no two requests run together to the same bytes.
fn first16(label: &[u8], principal: &str, sent: &[u8], rest: &[u8]) -> [u8; 16] {
    let length = |part: &[u8]| (part.len() as u64).to_le_bytes();
    let (principal, sent_length) = (principal.as_bytes(), length(sent));
    let full = hash(Domain::Identity, &[label, &length(principal), principal, &sent_length, sent, rest]);
    let mut out = [0; 16];
    out.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    out
}
