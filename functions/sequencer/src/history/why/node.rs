//! An event of a story, as far as it says what it is connected with.

use kernel::entity::Owner;
use kernel::event::{Closing, EventData, Header};
use kernel::id::{CommandId, Id};
use kernel::key::Key;
use serde::{Deserialize, Serialize};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub pos: u64,
    /// Its type.
    pub name: String,
    pub command: CommandId,
    #[serde(flatten)]
    pub links: Links,
}

/// What it names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Id>,
    /// What a timer is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<Id>,
    /// The agent or the workflow that it goes by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// Calls whose results were told to the model since it spoke last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Id>,
    /// Whether what it asks for goes out by the rules for the way out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub goes_out: bool,
}

impl Node {
    /// The event of `header` and `data`.
    pub fn of(header: &Header, data: &EventData) -> Self {
        let mut links = links(data);
        if matches!(data, EventData::LeaseGranted(_)) {
            links.told = told(&header.read);
        }
        Self { pos: header.pos, name: header.name.to_string(), command: header.command, links }
    }

    /// Whether something new came with it, from outside or by time, so that what follows in its command follows from it.
    pub fn is_trigger(&self) -> bool {
        matches!(
            self.name.as_str(),
            "approval.decided"
                | "call.settled"
                | "effect.retried"
                | "lease.lost"
                | "run.resumed"
                | "run.started"
                | "step.resumed"
                | "step.settled"
                | "step.stopped"
                | "task.cancelled"
                | "timer.ended"
                | "turn.answered"
        )
    }
}

/// The results that are new in a model's context: those of the calls of its newest turn.
fn told(read: &[Key]) -> Vec<Id> {
    let newest = read.iter().skip_while(|key| !matches!(key, Key::Turn(_))).skip(1);
    let calls = newest.map_while(|key| if let Key::Call(call) = key { Some(*call) } else { None });
    calls.collect()
}

fn links(data: &EventData) -> Links {
    let nothing = Links::default;
    let task = task_of(data);
    match data {
        EventData::RunStarted(it) => Links { task, by: Some(it.workflow), ..nothing() },
        EventData::StepRequested(it) => {
            let (effect, step) = (Some(it.effect), Some(it.step));
            Links { task, effect, step, call: it.call, by: Some(it.agent), ..nothing() }
        }
        EventData::EffectRequested(it) => {
            Links { task, effect: Some(it.effect), step: it.step, call: it.call, approval: it.approval, ..nothing() }
        }
        EventData::EffectRetried(it) => Links { task, ..closing(&it.closing) },
        EventData::EffectClosed(it) => closing(&it.closing),
        EventData::EffectQueued(it) => Links { effect: Some(it.effect), ..nothing() },
        EventData::TurnAnswered(it) => Links { task, step: Some(it.step), turn: Some(it.turn), ..closing(&it.closing) },
        EventData::StepSettled(it) => {
            Links { task, step: Some(it.step), effect: Some(it.effect), fence: Some(it.fence), ..nothing() }
        }
        EventData::StepStopped(it) => Links { task, step: Some(it.step), ..nothing() },
        EventData::StepResumed(it) => Links { task, step: Some(it.step), ..nothing() },
        EventData::CallRequested(it) => {
            let step = if let Owner::Step(step) = it.owner { Some(step) } else { None };
            Links { task, call: Some(it.call), step, goes_out: it.capability == "http.request", ..nothing() }
        }
        EventData::CallSettled(it) => {
            let by = it.closing.as_ref().map(closing).unwrap_or_default();
            Links { task, call: Some(it.call), ..by }
        }
        EventData::CallEdited(it) => Links { task, call: Some(it.call), ..nothing() },
        EventData::CallAsks(it) => Links { task, call: Some(it.call), approval: Some(it.approval), ..nothing() },
        EventData::ApprovalRequested(it) => {
            Links { task, call: Some(it.call), approval: Some(it.approval), ..nothing() }
        }
        EventData::ApprovalDecided(it) => Links { task, approval: Some(it.approval), ..nothing() },
        EventData::ApprovalEscalated(it) => Links { approval: Some(it.approval), ..nothing() },
        EventData::LeaseGranted(it) => Links { effect: Some(it.effect), fence: Some(it.fence), ..nothing() },
        EventData::LeaseLost(it) => Links { effect: Some(it.effect), fence: Some(it.fence), ..nothing() },
        EventData::LeaseRenewed(it) => Links { effect: Some(it.effect), ..nothing() },
        EventData::ReportLate(it) => Links { task, effect: Some(it.effect), fence: Some(it.fence), ..nothing() },
        EventData::TimerSet(it) => Links { timer: Some(it.id), ..nothing() },
        EventData::TimerEnded(it) => Links { timer: Some(it.id), ..nothing() },
        _ => Links { task, ..nothing() },
    }
}

fn closing(closing: &Closing) -> Links {
    Links { effect: Some(closing.effect), fence: Some(closing.fence), ..Links::default() }
}

/// The task that an event says it is about.
pub fn task_of(data: &EventData) -> Option<Id> {
    Some(match data {
        EventData::ApprovalDecided(it) => it.task,
        EventData::ApprovalRequested(it) => it.task,
        EventData::CallAsks(it) => it.task,
        EventData::CallEdited(it) => it.task,
        EventData::CallRequested(it) => it.task,
        EventData::CallSettled(it) => it.task,
        EventData::EffectRequested(it) => it.task,
        EventData::EffectRetried(it) => it.task,
        EventData::ReportLate(it) => it.task,
        EventData::RunEnded(it) => it.task,
        EventData::RunMoved(it) => it.task,
        EventData::RunResumed(it) => it.task,
        EventData::RunStarted(it) => it.task,
        EventData::RunWaits(it) => it.task,
        EventData::StepRequested(it) => it.task,
        EventData::StepResumed(it) => it.task,
        EventData::StepSettled(it) => it.task,
        EventData::StepStopped(it) => it.task,
        EventData::TaskCancelled(it) => it.task,
        EventData::TaskCreated(it) => it.task,
        EventData::TurnAnswered(it) => it.task,
        _ => return None,
    })
}
