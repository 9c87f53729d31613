//! `key.destroy`: make a subject's content unreadable, for ever and everywhere.

use super::{Context, Decide, Decision};
use crate::entity::DataKey;
use crate::event::KeyDestroyed;
use crate::key::Key;
use crate::reject::Code;
use crate::seal::Subject;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Destroy a subject's data key. No hash changes; what the key sealed can never be read again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDestroy {
    /// The subject.
    pub subject: Subject,
}

impl Decide for KeyDestroy {
    const NAME: &'static str = "key.destroy";
    const SCOPE: &'static str = "keys:destroy";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        match with.read.control::<DataKey>(Key::Subject(self.subject))? {
            None => Err(Code::NotFound.because(format!("{} has no key", self.subject)).into()),
            Some(key) if *key.destroyed => {
                Err(Code::KeyDestroyed.because(format!("the key of {} is gone already", self.subject)).into())
            }
            Some(key) => Ok(Decision::one(KeyDestroyed { subject: self.subject, key: *key.key }, Vec::new())),
        }
    }
}
