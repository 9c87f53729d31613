//! How work goes on by itself: what follows from an outcome, a decision of a person, or the time.
//!
//! ```text
//!   run ──asks──► call ──┬─ the kernel itself: done at once            (builtin)
//!    ▲              ▲    ├─ a runtime: an effect                       (http)
//!    │              │    ├─ a person: an approval, with a time         (person)
//!    └──result──────┤    └─ an agent: a step                           (agent)
//!                   │                  │ model call: an effect
//!                   └─────tool call────┘
//! ```
//!
//! Everything here decides: it reads state through [`Staged`], emits events, and calls nobody.

pub mod agent;
mod backoff;
mod builtin;
pub mod call;
pub mod cancel;
pub mod doubt;
mod http;
pub mod person;
pub mod restored;
pub mod run;
#[cfg(test)]
mod tests;
pub mod timers;

use crate::entity::DataKey;
use crate::key::Key;
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde_json::Value;

/// Why something has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Kind of failure, a stable word.
    pub class: String,
    /// Status as HTTP would have it.
    pub status: u16,
    /// What happened, for a person.
    pub detail: String,
}

impl Fault {
    /// A failure of this kind.
    pub fn new(class: &str, status: u16, detail: impl Into<String>) -> Self {
        Self { class: class.to_owned(), status, detail: detail.into() }
    }
}

/// A result, or why there is none.
pub type Outcome = Result<Value, Fault>;

/// Whether the key of `subject` was destroyed: nothing more can be sealed for it.
pub fn is_erased<V: View>(to: &Staged<'_, V>, subject: Subject) -> Result<bool, Halt> {
    let key = to.read().control::<DataKey>(Key::Subject(subject))?;
    Ok(key.is_some_and(|key| *key.destroyed))
}
