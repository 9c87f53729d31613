//! How long to wait before an effect is tried again.

use crate::hash::{Domain, hash};
use crate::id::Id;

/// How often an effect that failed is tried again.
pub const RETRIES_MAX: u64 = 5;
/// The first delay, in milliseconds; each one after it is twice as long.
const FIRST_MS: u64 = 500;
/// The longest delay of our own, in milliseconds.
const LONGEST_MS: u64 = 60_000;
/// The longest delay that a provider may ask for, in milliseconds.
const ASKED_MS_MAX: u64 = 60 * 60 * 1000;

/// Exponential, between half and all of its length ("equal jitter"), and never shorter than was asked for. The jitter
/// follows from the effect and the attempt, so that it is the same wherever it is decided.
pub fn delay_ms(effect: Id, failed: u64, asked_ms: Option<u64>) -> u64 {
    let whole = FIRST_MS.saturating_mul(1 << failed.min(16)).min(LONGEST_MS);
    let digest = hash(Domain::Identity, &[b"backoff", effect.to_string().as_bytes(), &failed.to_be_bytes()]);
    let random = digest.iter().take(4).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let own = whole / 2 + random % (whole / 2 + 1);
    own.max(asked_ms.unwrap_or(0).min(ASKED_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Role;
    use crate::testing::story_id;

    #[test]
    fn it_grows_within_its_bounds_and_follows_what_was_asked_for() {
        let effect = story_id(Role::Effect);
        for failed in 0..40 {
            let whole = (FIRST_MS << failed.min(16)).min(LONGEST_MS);
            let delay = delay_ms(effect, failed, None);
            assert!((whole / 2..=whole).contains(&delay), "{failed}: {delay}");
            assert_eq!(delay, delay_ms(effect, failed, None));
        }
        assert_eq!(delay_ms(effect, 0, Some(90_000)), 90_000);
        assert_eq!(delay_ms(effect, 0, Some(u64::MAX)), ASKED_MS_MAX);
    }
}
