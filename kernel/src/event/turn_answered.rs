//! A model call did not end its step: the model asked for tools, or its answer is sent back.

use super::{Closing, EventType, Place, Used};
use crate::entity::{Step, Turn};
use crate::id::Id;
use crate::key::Key;
use crate::merge::{Append, Exclusive};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A model call that did not end its step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnAnswered {
    /// The task.
    pub task: Id,
    /// The step.
    pub step: Id,
    /// The turn.
    pub turn: Id,
    /// The attempt that brought it.
    #[serde(flatten)]
    pub closing: Closing,
    /// The provider that was called.
    pub provider: Id,
    /// What the model said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Content>,
    /// The calls it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Id>,
    /// What it is told about its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<Content>,
    /// What it used.
    #[serde(flatten)]
    pub used: Used,
    /// Whether it was taken from a line that was left, where its use was counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
}

impl TurnAnswered {
    /// The provider whose use is counted.
    fn charged(&self) -> Option<Id> {
        (!self.taken).then_some(self.provider)
    }
}

impl EventType for TurnAnswered {
    const NAME: &'static str = "turn.answered";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![
            Place::Data(Key::Turn(self.turn)),
            Place::Data(Key::Step(self.step)),
            Place::Data(Key::Task(self.task)),
        ];
        places.extend(self.charged().map(|provider| Place::Control(Key::Usage(provider))));
        places.extend(self.closing.places());
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let mut previous = None;
        to.edit::<Step>(Key::Step(self.step), |step| {
            previous = step.turn.replace(self.turn);
            if self.remark.is_some() {
                step.repairs.add(1);
            }
        });
        let turn = Turn {
            step: Exclusive(self.step),
            previous: Exclusive(previous),
            text: Exclusive(self.text.as_ref().map(|text| text.carried_at(pos))),
            calls: Append(self.calls.clone()),
            remark: Exclusive(self.remark.as_ref().map(|remark| remark.carried_at(pos))),
        };
        to.put(Key::Turn(self.turn), turn);
        self.used.apply(to, self.task, self.step, self.charged());
        self.closing.settle(to);
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = Vec::new();
        contents.extend(self.text.as_mut().map(|text| ("text", text)));
        contents.extend(self.remark.as_mut().map(|remark| ("remark", remark)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
