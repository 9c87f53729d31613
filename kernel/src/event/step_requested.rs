//! A step of a task asks an agent; the outside world owes an answer from here on.

use super::{EventType, Place};
use crate::entity::{Call, Effect, Step, StepStatus, Task, is_default};
use crate::id::Id;
use crate::key::Key;
use crate::merge::{Counter, Exclusive};
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
    /// The call that waits for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Id>,
    /// JSON Schema of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Content>,
    /// When it was asked, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "is_default")]
    pub asked_at: u64,
    /// Most tokens the answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
}

impl EventType for StepRequested {
    const NAME: &'static str = "step.requested";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![
            Place::Data(Key::Task(self.task)),
            Place::Data(Key::Step(self.step)),
            Place::Data(Key::Effect(self.effect)),
            Place::Control(Key::Ready(self.effect)),
        ];
        places.extend(self.call.map(|call| Place::Data(Key::Call(call))));
        places
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
            call: Exclusive(self.call),
            schema: Exclusive(self.schema.as_ref().map(|schema| schema.carried_at(to.pos()))),
            turn: Exclusive(None),
            turns: Counter(0),
            repairs: Counter(0),
            tokens: Counter(0),
            cost_micros: Counter(0),
            asked_at: Exclusive(self.asked_at),
        };
        to.put(Key::Step(self.step), step);
        to.put(Key::Effect(self.effect), Effect::of_step(self.step));
        if let Some(call) = self.call {
            to.edit::<Call>(Key::Call(call), |call| call.step = Exclusive(Some(self.step)));
        }
        to.edit::<Task>(Key::Task(self.task), |task| {
            task.last_step = Exclusive(Some(self.step));
            task.steps.add(1);
        });
        to.mark(Key::Ready(self.effect));
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = vec![("prompt", &mut self.prompt)];
        contents.extend(self.schema.as_mut().map(|schema| ("schema", schema)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
