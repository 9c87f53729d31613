//! What a person would tell of what happened: not every lease and every move of a run.

use crate::project::timeline_entry;
use kernel::event::{EventData, Header};
use kernel::id::Id;
use kernel::key::Key;
use ports::read_models::{Entry, TimelineEntry};

/// What is told of an event; none of most.
pub fn tell(header: &Header, data: &EventData) -> Option<Entry> {
    let (task, about) = subject_of(data)?;
    let told = TimelineEntry {
        pos: header.pos,
        at: header.accepted_at,
        event: header.name.clone().into_owned(),
        actor: header.actor.clone(),
        stream: header.stream.to_string(),
        task,
        about: about.map(|key| key.to_string()),
    };
    // It is made of texts and numbers, which always have a JSON form.
    Some(timeline_entry(header.pos, task, serde_json::to_string(&told).ok()?))
}

/// The task that an event belongs to, or what it is about.
fn subject_of(data: &EventData) -> Option<(Option<Id>, Option<Key>)> {
    let of = |task: Id, about: Option<Key>| Some((Some(task), about));
    let about = |key: Key| Some((None, Some(key)));
    match data {
        EventData::TaskCreated(it) => of(it.task, None),
        EventData::TaskCancelled(it) => of(it.task, None),
        EventData::RunStarted(it) => of(it.task, Some(Key::Workflow(it.workflow))),
        EventData::RunEnded(it) => of(it.task, None),
        EventData::RunResumed(it) => of(it.task, None),
        EventData::StepRequested(it) => of(it.task, Some(Key::Step(it.step))),
        EventData::StepSettled(it) => of(it.task, Some(Key::Step(it.step))),
        EventData::StepStopped(it) => of(it.task, Some(Key::Step(it.step))),
        EventData::StepResumed(it) => of(it.task, Some(Key::Step(it.step))),
        EventData::ApprovalRequested(it) => of(it.task, Some(Key::Approval(it.approval))),
        EventData::ApprovalDecided(it) => of(it.task, Some(Key::Approval(it.approval))),
        EventData::AgentDefined(it) => about(Key::Agent(it.agent)),
        EventData::ProviderDefined(it) => about(Key::Provider(it.provider)),
        EventData::WorkflowDefined(it) => about(Key::Workflow(it.workflow)),
        EventData::DocumentWritten(it) => about(Key::Document(it.document)),
        EventData::NoteRemembered(it) => about(Key::Note(it.note)),
        EventData::BranchRestored(it) => about(Key::Branch(it.branch)),
        EventData::KeyDestroyed(it) => about(Key::Subject(it.subject)),
        EventData::EgressAllowed(_) => about(Key::Egress),
        EventData::WorkHeld(_) | EventData::WorkDecided(_) | EventData::WorkReleased(_) => Some((None, None)),
        EventData::CommandRejected(_) | EventData::DeviceEnrolled(_) | EventData::BranchForked(_) => Some((None, None)),
        EventData::WorkspaceCreated(_) | EventData::WorkspaceImported(_) | EventData::WorkspaceAdopted(_) => {
            about(Key::Workspace)
        }
        EventData::WorkspaceFrozen(_) | EventData::WorkspaceUnfrozen(_) | EventData::WorkspaceLeft(_) => {
            about(Key::Workspace)
        }
        _ => None,
    }
}
