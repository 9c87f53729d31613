//! A step of a task asks an agent; the outside world owes an answer from here on.

use super::{EventType, Place};
use crate::entity::{Effect, Step, StepStatus, Task};
use crate::id::Id;
use crate::key::Key;
use crate::merge::Exclusive;
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A step of a task asks an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRequested {
    /// The task.
    pub task: Id,
    /// The step.
    pub step: Id,
    /// The effect that gets the answer.
    pub effect: Id,
    /// The agent that is asked.
    pub agent: Id,
    /// The step before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Id>,
    /// What is asked.
    pub prompt: Content,
    /// Most tokens the answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

impl EventType for StepRequested {
    const NAME: &'static str = "step.requested";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        vec![
            Place::Data(Key::Task(self.task)),
            Place::Data(Key::Step(self.step)),
            Place::Data(Key::Effect(self.effect)),
            Place::Control(Key::Ready(self.effect)),
        ]
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let step = Step {
            task: Exclusive(self.task),
            agent: Exclusive(self.agent),
            effect: Exclusive(self.effect),
            previous: Exclusive(self.previous),
            prompt: Exclusive(Some(self.prompt.carried_at(to.pos()))),
            max_tokens: Exclusive(self.max_tokens),
            status: Exclusive(StepStatus::Waiting),
            answer: Exclusive(None),
            stop: Exclusive(None),
            failure: Exclusive(None),
        };
        to.put(Key::Step(self.step), step);
        to.put(Key::Effect(self.effect), Effect { step: Exclusive(self.step), settled_by: Exclusive(None) });
        to.edit::<Task>(Key::Task(self.task), |task| {
            task.last_step = Exclusive(Some(self.step));
            task.steps.add(1);
        });
        to.mark(Key::Ready(self.effect));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        vec![("prompt", &mut self.prompt)]
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
