//! What is due at a time: effects that are tried again, approvals, runs that wait.

use super::{person, run};
use crate::entity::{DataKey, Effect};
use crate::event::{EffectQueued, TimerEnded};
use crate::id::{Id, Role};
use crate::key::{Index, Key};
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};

/// How many timers one command fires; the rest waits for the next.
pub const FIRE_MAX: usize = 16;

/// How many events may be decided before the next timer waits for another command.
const EVENTS_MAX: usize = 512;

/// Everything that is due by now. Says how much was.
pub fn fire<V: View>(to: &mut Staged<'_, V>) -> Result<usize, Halt> {
    let due = to.read().index(Index::Due, None, FIRE_MAX)?;
    let mut fired = 0;
    for key in due {
        let Key::Due(at, id) = key else { continue };
        if at > to.now_ms || to.len() > EVENTS_MAX {
            break;
        }
        fired += 1;
        to.emit(TimerEnded { at, id })?;
        to.caused_by(id.command);
        one(to, id, at)?;
    }
    Ok(fired)
}

fn one<V: View>(to: &mut Staged<'_, V>, id: Id, at: u64) -> Result<(), Halt> {
    match id.role {
        Role::Effect => {
            let wanted = to.read().data::<Effect>(Key::Effect(id))?.is_some_and(|effect| effect.settled_by.is_none());
            if wanted { to.emit(EffectQueued { effect: id }) } else { Ok(()) }
        }
        Role::Approval => {
            let task = to.read().control::<crate::entity::Approval>(Key::Approval(id))?.map(|row| *row.task);
            if gone(to, task)? { Ok(()) } else { person::due(to, id, at) }
        }
        Role::Task => {
            if gone(to, Some(id))? {
                return Ok(());
            }
            run::due(to, id, at)
        }
        _ => Ok(()),
    }
}

/// A task whose key was destroyed goes nowhere: nothing of it could be written.
fn gone<V: View>(to: &Staged<'_, V>, task: Option<Id>) -> Result<bool, Halt> {
    let Some(task) = task else { return Ok(true) };
    let key = to.read().control::<DataKey>(Key::Subject(Subject::Task(task)))?;
    Ok(key.is_some_and(|key| *key.destroyed))
}
