//! What is asked about: which task it belongs to, and where that task's story ends.

use super::super::log::parts;
use super::Found;
use super::node::{Node, task_of};
use crate::{Failure, Sequencer};
use kernel::effect;
use kernel::entity::{Approval, Call, Effect, Run, RunStatus, Step, StepStatus, Task, Turn};
use kernel::event::EventData;
use kernel::id::{CommandId, Id, Role};
use kernel::key::Key;
use kernel::machine::{Stop, Workspace};
use ports::history::Of;

/// Events behind the end of a task that still belong to it: timers and attempts that are given up.
const TAIL: u64 = 64;

/// Events of a command that are looked through.
const COMMAND_EVENTS_MAX: usize = 1_100;

impl Sequencer {
    pub(super) async fn found(&mut self, of: Of) -> Result<Found, Failure> {
        match of {
            Of::Event(pos) => {
                let pos = self.reached(Some(pos))?;
                Ok(match self.task_at(pos).await? {
                    Some(task) => Found::Task(task, Some(pos)),
                    None => Found::Alone(pos),
                })
            }
            Of::Thing(id) => match self.ask(|workspace| task_of_thing(workspace, id)).await? {
                Some(task) => Ok(Found::Task(task, None)),
                None => self.made(id).await,
            },
        }
    }

    /// The event that made a thing which belongs to no task, or was made on the way of one.
    async fn made(&mut self, id: Id) -> Result<Found, Failure> {
        let Some(pos) = self.maker(id).await? else { return Ok(Found::Nothing) };
        Ok(match self.task_at(pos).await? {
            Some(task) => Found::Task(task, Some(pos)),
            None => Found::Alone(pos),
        })
    }

    /// Position of the event that made `id`.
    pub(super) async fn maker(&mut self, id: Id) -> Result<Option<u64>, Failure> {
        let wanted = id.to_string();
        self.in_command(id.command, |data| {
            // Things stand under their role in the event that makes them: `agent`, `workflow`, `note` and their like.
            let data: Option<serde_json::Value> = data.encode().ok().and_then(|it| serde_json::from_str(it.get()).ok());
            data.and_then(|data| Some(data.get(id.role.name())?.as_str()? == wanted)).unwrap_or_default()
        })
        .await
    }

    /// Position of the first event of a command that `is` it.
    async fn in_command(
        &mut self,
        command: CommandId,
        is: impl Fn(&EventData) -> bool,
    ) -> Result<Option<u64>, Failure> {
        let Some((first, events)) = self.recorded(command).await? else { return Ok(None) };
        let (mut after, end) = (first - 1, first - 1 + u64::from(events).min(COMMAND_EVENTS_MAX as u64));
        while after < end {
            let event = self.event_at(after + 1).await?;
            if is(&parts(&event)?.1) {
                return Ok(Some(event.pos));
            }
            after = event.pos;
        }
        Ok(None)
    }

    /// The task that the event at `pos` belongs to.
    async fn task_at(&mut self, pos: u64) -> Result<Option<Id>, Failure> {
        let event = self.event_at(pos).await?;
        let (header, data) = parts(&event)?;
        if let Some(task) = task_of(&data) {
            return Ok(Some(task));
        }
        let links = Node::of(&header, &data).links;
        if let Some(id) = links.effect.or(links.approval).or(links.timer) {
            return self.ask(|workspace| task_of_thing(workspace, id)).await;
        }
        if !matches!(data, EventData::DocumentWritten(_) | EventData::NoteRemembered(_)) {
            return Ok(None);
        }
        // What the kernel itself does for a call stands right behind the event that asks for it.
        let before = self.event_at(pos - 1).await?;
        let (before, data) = parts(&before)?;
        match task_of(&data) {
            Some(task) if before.command == header.command => Ok(Some(task)),
            _ => self.task_before(pos - 1, header.command).await,
        }
    }

    /// The same, a little further back in the command: a new data key stands in between.
    async fn task_before(&mut self, pos: u64, command: CommandId) -> Result<Option<Id>, Failure> {
        let before = self.event_at(pos.saturating_sub(1).max(1)).await?;
        let (header, data) = parts(&before)?;
        Ok(task_of(&data).filter(|_| header.command == command))
    }

    /// The last event that can belong to `task`.
    pub(super) async fn end_of(&mut self, task: Id) -> Result<u64, Failure> {
        let end = self.pos();
        if !self.ask(|workspace| is_over(workspace, task)).await? {
            return Ok(end);
        }
        let step = self.ask(|workspace| last_step(workspace, task)).await?;
        // On a line that was left it may have gone on after what is seen of it today.
        let mut last = self.main_branch().await?.earlier.last().map_or(0, |left| left.until);
        for key in [Some(Key::Task(task)), Some(Key::Run(task)), step.map(Key::Step)].into_iter().flatten() {
            last = last.max(self.row_now(&key).await?.map_or(0, |(_, _, since)| since));
        }
        Ok(last.saturating_add(TAIL).min(end))
    }
}

fn is_over(workspace: &Workspace, id: Id) -> Result<bool, Stop> {
    let read = workspace.read(workspace.main()?);
    if let Some(run) = read.data::<Run>(Key::Run(id))? {
        return Ok(*run.status != RunStatus::Running);
    }
    let step = match last_step(workspace, id)? {
        Some(step) => read.data::<Step>(Key::Step(step))?,
        None => None,
    };
    Ok(step.is_some_and(|step| *step.status != StepStatus::Waiting))
}

fn last_step(workspace: &Workspace, id: Id) -> Result<Option<Id>, Stop> {
    Ok(workspace.read(workspace.main()?).data::<Task>(Key::Task(id))?.and_then(|task| *task.last_step))
}

/// The task that a thing belongs to; none when it belongs to none, or is not there.
fn task_of_thing(workspace: &Workspace, id: Id) -> Result<Option<Id>, Stop> {
    let read = workspace.read(workspace.main()?);
    Ok(match id.role {
        Role::Task => read.data::<Task>(Key::Task(id))?.map(|_| id),
        Role::Step => read.data::<Step>(Key::Step(id))?.map(|step| *step.task),
        Role::Call => read.data::<Call>(Key::Call(id))?.map(|call| *call.task),
        Role::Approval => read.control::<Approval>(Key::Approval(id))?.map(|approval| *approval.task),
        Role::Effect => match read.data::<Effect>(Key::Effect(id))? {
            Some(row) => effect::task_of(&read, row)?,
            None => None,
        },
        Role::Turn => match read.data::<Turn>(Key::Turn(id))? {
            Some(turn) => read.data::<Step>(Key::Step(*turn.step))?.map(|step| *step.task),
            None => None,
        },
        _ => None,
    })
}
