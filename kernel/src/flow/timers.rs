//! What is due at a time: effects that are tried again, approvals, runs that wait.

use super::{cancel, is_erased, person, run};
use crate::entity::{Approval, Effect};
use crate::event::{EffectQueued, TimerEnded};
use crate::id::{Id, Role};
use crate::key::{Index, Key};
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};

/// How many timers one command fires; the rest waits for the next.
pub const FIRE_MAX: usize = 16;

/// Everything that is due by now. Says how much was.
pub fn fire<V: View>(to: &mut Staged<'_, V>) -> Result<usize, Halt> {
    let due = to.read().index(Index::Due, None, FIRE_MAX)?;
    let mut fired = 0;
    for key in due {
        let Key::Due(at, id) = key else { continue };
        if at > to.now_ms || to.is_full() {
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
            let wanted = to.read().data::<Effect>(Key::Effect(id))?.is_some_and(|effect| *effect.due == Some(at));
            if wanted { to.emit(EffectQueued { effect: id }) } else { Ok(()) }
        }
        Role::Approval => {
            let task = to.read().control::<Approval>(Key::Approval(id))?.map(|row| *row.task);
            match task {
                None => Ok(()),
                Some(task) if is_erased(to, Subject::Task(task))? => cancel::task(to, task),
                Some(_) => person::due(to, id, at),
            }
        }
        Role::Task => {
            // Nothing of a task whose key was destroyed could be written: it is over.
            if is_erased(to, Subject::Task(id))? { cancel::task(to, id) } else { run::due(to, id, at) }
        }
        _ => Ok(()),
    }
}
