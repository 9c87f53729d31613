//! Failures of a call that are not the provider's own.

use ports::VaultError;
use ports::egress::{EgressClass, EgressFailure};
use ports::provider::{FailureClass, ModelFailure};

/// A failure that repeating does not heal.
pub fn failure(class: FailureClass, detail: impl Into<String>) -> ModelFailure {
    ModelFailure { class, detail: detail.into(), retry_after_ms: None, retriable: false }
}

/// There is no key to call with. None of it heals by itself: somebody has to put the vault or the entry right.
pub fn keyless(error: &VaultError) -> ModelFailure {
    let class = match error {
        VaultError::Unknown(_) => FailureClass::Auth,
        VaultError::BadReference(_) => FailureClass::Invalid,
        VaultError::Broken(_) => FailureClass::Unavailable,
    };
    failure(class, error.to_string())
}

/// The exchange has no answer. One that broke off may be repeated although the provider may have acted, because the
/// repetition carries the same idempotency key.
pub fn unanswered(why: &EgressFailure) -> ModelFailure {
    use EgressClass as Is;
    let (class, retriable) = match why.class {
        Is::Unresolvable | Is::Connect => (FailureClass::Unavailable, true),
        // Without a connection nobody worked on it.
        Is::Timeout if !why.sent => (FailureClass::Unavailable, true),
        Is::Interrupted | Is::Timeout => (FailureClass::Timeout, true),
        Is::TooLarge | Is::TooManyRedirects => (FailureClass::Protocol, false),
        Is::Secret => (FailureClass::Auth, false),
        Is::BadPolicy | Is::BadUrl | Is::BadRequest => (FailureClass::Invalid, false),
        Is::RefusedScheme | Is::RefusedHost | Is::RefusedAddress => (FailureClass::Invalid, false),
    };
    ModelFailure { retriable, ..failure(class, why.detail.as_str()) }
}
