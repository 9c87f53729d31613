//! `work.decide`: somebody says what becomes of something that was under way at a restore.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision};
use crate::entity::{Choice, Restored, Standing};
use crate::event::WorkDecided;
use crate::flow::{cancel, is_erased, restored};
use crate::id::{Id, Role};
use crate::key::Key;
use crate::reject::Code;
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Say what becomes of something that a restore holds. Nothing of it reaches the outside before all of it is released.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkDecide {
    /// The effect, the approval, or the task of a run.
    pub item: Id,
    /// What becomes of it.
    pub choice: Choice,
}

impl Decide for WorkDecide {
    const NAME: &'static str = "work.decide";
    const SCOPE: &'static str = "branches:restore";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        on_main(with)?;
        let id = self.item;
        let row = with.read.control::<Restored>(Key::Restored(id))?;
        let Some(row) = row.filter(|row| *row.incarnation == with.line().incarnation) else {
            return Err(Code::NotFound.because(format!("{id} was not under way when {} began", with.line())).into());
        };
        if let Some(by) = row.by.as_ref().filter(|_| row.choice.is_some()) {
            return Err(Code::AlreadyDecided.because(by.clone()).into());
        }
        if *row.standing != Standing::Undecided || !restored::waits(&with.read, id, row)? {
            return Err(Code::NotOutstanding.because(format!("nothing waits for a decision about {id}")).into());
        }
        let mut to = Staged::new(with);
        to.caused_by(id.command);
        let by = to.actor.clone();
        if is_erased(&to, Subject::Task(*row.task))? {
            // Whatever was decided, nothing of the task can be written any more: it is over.
            to.emit(WorkDecided { item: id, choice: Choice::GiveUp, by })?;
            cancel::task(&mut to, *row.task)?;
            // A notice belongs to no step and no call, and would be left behind.
            if id.role == Role::Effect {
                cancel::effect(&mut to, id)?;
            }
            return Ok(to.decision());
        }
        to.emit(WorkDecided { item: id, choice: self.choice, by })?;
        restored::decide(&mut to, id, self.choice)?;
        Ok(to.decision())
    }
}
