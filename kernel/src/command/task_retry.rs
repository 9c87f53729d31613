//! `task.retry`: what failed is tried again from the step that failed.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision};
use crate::entity::{Run, RunStatus, Step, StepStatus, Task};
use crate::event::{RunResumed, StepResumed};
use crate::flow::{agent, is_erased, run};
use crate::id::Id;
use crate::key::Key;
use crate::reject::Code;
use crate::seal::Subject;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Try what failed again. What was finished stays finished: a run goes on at the task that failed, a step with another
/// model call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TaskRetry {
    /// The task.
    pub task: Id,
}

impl Decide for TaskRetry {
    const NAME: &'static str = "task.retry";
    const SCOPE: &'static str = "tasks:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        on_main(with)?;
        let task = self.task;
        let Some(row) = with.read.data::<Task>(Key::Task(task))? else {
            return Err(Code::NotFound.because(format!("there is no task {task}")).into());
        };
        let mut to = Staged::new(with);
        if is_erased(&to, Subject::Task(task))? {
            return Err(Code::KeyDestroyed.because(format!("the key of task {task} is gone")).into());
        }
        if let Some(row) = with.read.data::<Run>(Key::Run(task))? {
            if *row.status != RunStatus::Failed {
                return Err(not_failed(task));
            }
            let allowed = row.deadline.map(|deadline| deadline.saturating_sub(*row.started_at));
            to.emit(RunResumed { task, at_ms: to.now_ms, deadline: allowed.map(|ms| to.now_ms.saturating_add(ms)) })?;
            run::advance(&mut to, task, None)?;
            return Ok(to.decision());
        }
        let failed = match *row.last_step {
            Some(step) => with.read.data::<Step>(Key::Step(step))?.map(|row| (step, *row.status)),
            None => None,
        };
        let Some((step, StepStatus::Failed)) = failed else { return Err(not_failed(task)) };
        to.emit(StepResumed { task, step, asked_at: to.now_ms })?;
        agent::ask_again(&mut to, step)?;
        Ok(to.decision())
    }
}

fn not_failed(task: Id) -> Halt {
    Code::NotOutstanding.because(format!("task {task} did not fail")).into()
}
