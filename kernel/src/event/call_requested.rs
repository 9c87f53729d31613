//! A capability is to be used.

use super::{EventType, Place};
use crate::entity::{Call, CallStatus, Idempotency, Owner, Run};
use crate::id::Id;
use crate::key::Key;
use crate::merge::{Counter, Exclusive};
use crate::seal::{Content, Subject};
use crate::state::Writer;
use serde::{Deserialize, Serialize};

/// A workflow or an agent asks for a capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRequested {
    /// The task.
    pub task: Id,
    /// The call.
    pub call: Id,
    /// Who waits for its result.
    pub owner: Owner,
    /// Name of the capability.
    pub capability: String,
    /// What is done when an attempt is in doubt.
    pub idempotency: Idempotency,
    /// What it is given, JSON.
    pub arguments: Content,
    /// The model's own name for the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Content>,
}

impl EventType for CallRequested {
    const NAME: &'static str = "call.requested";
    const CONTROL: bool = false;

    fn places(&self) -> Vec<Place> {
        let mut places = vec![Place::Data(Key::Call(self.call))];
        if let Owner::Run(_) = self.owner {
            places.push(Place::Data(Key::Run(self.task)));
        }
        places
    }

    fn apply(&self, to: &mut Writer<'_>) {
        let pos = to.pos();
        let call = Call {
            task: Exclusive(self.task),
            owner: Exclusive(self.owner),
            capability: Exclusive(self.capability.clone()),
            arguments: Exclusive(Some(self.arguments.carried_at(pos))),
            tool: Exclusive(self.tool.as_ref().map(|tool| tool.carried_at(pos))),
            status: Exclusive(CallStatus::Waiting),
            idempotency: Exclusive(self.idempotency),
            effect: Exclusive(None),
            approval: Exclusive(None),
            step: Exclusive(None),
            result: Exclusive(None),
            failure: Exclusive(None),
            attempts: Counter(0),
        };
        to.put(Key::Call(self.call), call);
        if let Owner::Run(_) = self.owner {
            to.edit::<Run>(Key::Run(self.task), |run| run.call = Exclusive(Some(self.call)));
        }
    }

    fn contents(&mut self) -> Vec<(&'static str, &mut Content)> {
        let mut contents = vec![("arguments", &mut self.arguments)];
        contents.extend(self.tool.as_mut().map(|tool| ("tool", tool)));
        contents
    }

    fn subject(&self) -> Option<Subject> {
        Some(Subject::Task(self.task))
    }
}
