//! `task.ask`: ask an agent, in a task that goes on or in a new one.

use super::effect_lease::on_main;
use super::{Context, Decide, Decision, Draft, NAME_MAX, TEXT_MAX};
use crate::entity::{Agent, Step, StepStatus, Task};
use crate::event::{StepRequested, TaskCreated};
use crate::id::{Id, Role};
use crate::key::Key;
use crate::reject::{Code, amount, lines};
use crate::seal::Content;
use crate::view::{Halt, View};
use serde::{Deserialize, Serialize};

/// Ask an agent. The answer is an effect that a runtime performs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
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
        on_main(with)?;
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
            call: None,
            schema: None,
            asked_at: with.now_ms,
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
        if found.workflow.is_some() {
            let why = format!("task {task} performs a workflow; ask in another one");
            return Err(Code::InvalidArgument.because(why).into());
        }
        let Some(last) = *found.last_step else { return Ok(None) };
        let waiting = with.read.data::<Step>(Key::Step(last))?.is_some_and(|step| *step.status == StepStatus::Waiting);
        if waiting {
            return Err(Code::StepWaiting.because(format!("step {last} has no answer yet")).into());
        }
        Ok(Some(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventData;
    use crate::key::BranchId;
    use crate::reject::AMOUNT_MAX;
    use crate::testing::{begun, story_id};
    use serde_json::json;

    #[test]
    fn a_question_begins_a_task_with_a_step_and_an_effect() {
        let mut it = begun();
        let [task, step, effect] = it.asked("How many legs\nhas a spider?");
        it.then(&["task.created", "step.requested"]);
        assert_eq!([task.role, step.role, effect.role], [Role::Task, Role::Step, Role::Effect]);
        assert!(!it.machine_has_no(Key::Ready(effect)));
        assert_eq!(*it.data::<Task>(BranchId::Main, Key::Task(task)).unwrap().last_step, Some(step));
    }

    #[test]
    fn a_task_goes_on_once_its_last_question_is_answered() {
        let mut it = begun();
        let [task, first, _] = it.asked("first");
        let more = json!({"agent": it.agent(), "task": task, "prompt": "second"});
        it.when("task.ask", more.clone()).rejected(Code::StepWaiting);
        it.settle("an answer");
        it.when("task.ask", more).then(&["step.requested"]);
        let EventData::StepRequested(requested) = it.event() else { panic!("{:?}", it.event()) };
        assert_eq!((requested.task, requested.previous), (task, Some(first)));
    }

    #[test]
    fn its_agent_and_its_task_exist() {
        let mut it = begun();
        it.when("task.ask", json!({"agent": story_id(Role::Agent), "prompt": "x"})).rejected(Code::NotFound);
        let task = story_id(Role::Task);
        it.when("task.ask", json!({"agent": it.agent(), "task": task, "prompt": "x"})).rejected(Code::NotFound);
    }

    #[test]
    fn a_branch_does_not_ask() {
        let mut it = begun();
        it.given("branch.fork", json!({"name": "draft"}));
        let fork = BranchId::Forked(it.made()[0]);
        it.when_on(fork, "task.ask", json!({"agent": it.agent(), "prompt": "x"})).rejected(Code::BranchHoldsEffects);
    }

    #[test]
    fn its_prompt_and_its_amount_are_within_bounds() {
        let mut it = begun();
        for (prompt, tokens, code) in [
            (String::new(), 1, Code::InvalidArgument),
            ("a\u{1b}[31m".to_owned(), 1, Code::ControlCharacter),
            ("x".repeat(TEXT_MAX + 1), 1, Code::TooLong),
            ("x".to_owned(), AMOUNT_MAX + 1, Code::AmountOutOfRange),
            ("x".to_owned(), 1 << 63, Code::AmountOutOfRange),
        ] {
            it.when("task.ask", json!({"agent": it.agent(), "prompt": prompt, "max_tokens": tokens})).rejected(code);
        }
        let most = json!({"agent": it.agent(), "prompt": "x".repeat(TEXT_MAX), "max_tokens": AMOUNT_MAX});
        it.when("task.ask", most).then(&["task.created", "step.requested"]);
    }
}
