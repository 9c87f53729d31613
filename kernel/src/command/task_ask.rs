//! `task.ask`: ask an agent, in a task that goes on or in a new one.

use super::{Context, Decide, Decision, Draft, NAME_MAX, TEXT_MAX};
use crate::entity::{Agent, Step, StepStatus, Task};
use crate::event::{StepRequested, TaskCreated};
use crate::id::{Id, Role};
use crate::key::{BranchId, Key};
use crate::reject::{Code, amount, lines};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::Deserialize;

/// Ask an agent. The answer is an effect that a runtime performs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskAsk {
    /// The task; a new one when absent, titled by the first line of the prompt.
    #[serde(default)]
    pub task: Option<Id>,
    /// The agent.
    pub agent: Id,
    /// What is asked.
    pub prompt: String,
    /// Most tokens the answer may have.
    #[serde(default)]
    pub max_tokens: Option<u64>,
}

impl Decide for TaskAsk {
    const NAME: &'static str = "task.ask";
    const SCOPE: &'static str = "tasks:write";

    fn decide<V: View>(&self, with: &Context<'_, V>) -> Result<Decision, Halt> {
        lines("prompt", &self.prompt, TEXT_MAX)?;
        self.max_tokens.map(|tokens| amount("max_tokens", tokens)).transpose()?;
        if with.line().branch != BranchId::Main {
            return Err(Code::BranchHoldsEffects.because(format!("{} is not main", with.line().branch)).into());
        }
        if with.read.data::<Agent>(Key::Agent(self.agent))?.is_none() {
            return Err(Code::NotFound.because(format!("there is no agent {}", self.agent)).into());
        }
        let (step, effect) = (with.id(Role::Step), with.id(Role::Effect));
        let (begun, task, previous) = match self.task {
            Some(task) => (None, task, self.last_step(task, with)?),
            None => (Some(self.begun(with)), with.id(Role::Task), None),
        };
        let requested = StepRequested {
            task,
            step,
            effect,
            agent: self.agent,
            previous,
            prompt: Content::plain(&self.prompt),
            max_tokens: self.max_tokens,
        };
        let made_task = begun.is_some().then_some(task);
        Ok(Decision {
            drafts: begun.into_iter().chain([Draft::from(requested)]).collect(),
            made: made_task.into_iter().chain([step, effect]).collect(),
        })
    }
}

impl TaskAsk {
    fn begun<V: View>(&self, with: &Context<'_, V>) -> Draft {
        let title: String = self.prompt.lines().next().unwrap_or_default().chars().take(NAME_MAX / 4).collect();
        TaskCreated { task: with.id(Role::Task), title: Content::plain(title) }.into()
    }

    /// The step to go on from. A conversation has one open question at a time.
    fn last_step<V: View>(&self, task: Id, with: &Context<'_, V>) -> Result<Option<Id>, Halt> {
        let Some(found) = with.read.data::<Task>(Key::Task(task))? else {
            return Err(Code::NotFound.because(format!("there is no task {task}")).into());
        };
        let Some(last) = *found.last_step else { return Ok(None) };
        let waiting = with.read.data::<Step>(Key::Step(last))?.is_some_and(|step| *step.status == StepStatus::Waiting);
        if waiting {
            return Err(Code::StepWaiting.because(format!("step {last} has no answer yet")).into());
        }
        Ok(Some(last))
    }
}
