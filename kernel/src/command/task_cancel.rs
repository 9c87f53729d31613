//! `task.cancel`: nobody wants a task any more.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision, NAME_MAX};
use crate::entity::Task;
use crate::event::TaskCancelled;
use crate::flow::{cancel, is_erased};
use crate::id::Id;
use crate::key::Key;
use crate::reject::{Code, lines};
use crate::seal::{Content, Subject};
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Cancel a task with everything beneath it. What is performed at this moment will be reported too late.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TaskCancel {
    /// The task.
    pub task: Id,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Decide for TaskCancel {
    const NAME: &'static str = "task.cancel";
    const SCOPE: &'static str = "tasks:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        if let Some(reason) = &self.reason {
            lines("reason", reason, NAME_MAX)?;
        }
        on_main(with)?;
        let task = self.task;
        // A task whose key was destroyed is cancelled without a word: none could be sealed.
        let erased = is_erased(&Staged::new(with), Subject::Task(task))?;
        let Some(row) = with.read.data::<Task>(Key::Task(task))? else {
            return Err(Code::NotFound.because(format!("there is no task {task}")).into());
        };
        let before = if *row.cancelled { "was cancelled before and " } else { "" };
        let mut to = Staged::new(with);
        let reason = self.reason.as_ref().filter(|_| !erased).map(Content::plain);
        to.emit(TaskCancelled { task, reason })?;
        cancel::task(&mut to, task)?;
        if to.len() == 1 {
            return Err(Code::NotOutstanding.because(format!("task {task} {before}waits for nothing")).into());
        }
        Ok(to.decision())
    }
}
