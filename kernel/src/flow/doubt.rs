//! Effects of which nobody knows whether they took place.
//!
//! A model call or a read is done again under the same idempotency key. A call that says otherwise is not: it fails, or
//! a person is asked.

use super::{Fault, call, cancel, is_erased, person};
use crate::entity::{Call, Effect, Idempotency};
use crate::id::Id;
use crate::key::Key;
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};

/// The attempt at `effect` was lost, or broke off after something was sent. Says whether it may be tried again.
pub fn may_repeat<V: View>(to: &mut Staged<'_, V>, effect: Id) -> Result<bool, Halt> {
    let call = to.read().data::<Effect>(Key::Effect(effect))?.and_then(|effect| *effect.call);
    let Some(id) = call else { return Ok(true) };
    let Some(row) = to.read().data::<Call>(Key::Call(id))?.cloned() else { return Ok(true) };
    if *row.idempotency != Idempotency::Retry && is_erased(to, Subject::Task(*row.task))? {
        // Neither a failure nor a question could be written down.
        cancel::task(to, *row.task)?;
        return Ok(false);
    }
    match *row.idempotency {
        Idempotency::Retry => Ok(true),
        Idempotency::Fail => {
            cancel::effect(to, effect)?;
            let fault = Fault::new("in_doubt", 504, "nobody knows whether it took place, and it is not to be repeated");
            call::finish(to, id, None, Err(fault))?;
            Ok(false)
        }
        Idempotency::Ask => {
            cancel::effect(to, effect)?;
            let arguments = call::arguments(to, &row)?;
            person::doubt(to, *row.task, id, &arguments)?;
            Ok(false)
        }
    }
}
