//! Tasks, and where they stand.

use super::{failure, keys, open, open_json};
use kernel::effect::CONTEXT_STEPS_MAX;
use kernel::entity::{Approval, Call, CallStatus, Lease, Run, RunStatus, Step, StepStatus, Task, Turn, Workflow};
use kernel::id::Id;
use kernel::key::{Index, Key};
use kernel::machine::{Stop, Workspace};
use kernel::view::View as _;
use ports::views::{CallView, RunView, StepView, TaskKind, TaskStatus, TaskSummary, TaskView};

/// Tasks, newest first.
pub fn list(workspace: &Workspace, skip: usize, limit: usize) -> Result<Vec<TaskSummary>, Stop> {
    let mut tasks = Vec::new();
    for key in keys(workspace, Index::Tasks, false)?.into_iter().rev().skip(skip).take(limit) {
        let Key::Task(id) = key else { continue };
        tasks.extend(summary(workspace, id)?);
    }
    Ok(tasks)
}

/// A task with its newest steps.
pub fn task_view(workspace: &Workspace, id: Id) -> Result<Option<TaskView>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(summary) = summary(workspace, id)? else { return Ok(None) };
    let mut steps = Vec::new();
    let mut next = read.data::<Task>(Key::Task(id))?.and_then(|task| *task.last_step);
    while let Some(step) = next
        && steps.len() < CONTEXT_STEPS_MAX
    {
        let Some((view, previous)) = step_view(workspace, step)? else { break };
        steps.push(view);
        next = previous;
    }
    steps.reverse();
    let mut calls = Vec::new();
    for call in awaited(workspace, id)? {
        calls.extend(call_view(workspace, call)?);
    }
    let approvals = approvals_of(workspace, id)?;
    Ok(Some(TaskView { summary, steps, calls, run: run_view(workspace, id)?, approvals }))
}

fn summary(workspace: &Workspace, id: Id) -> Result<Option<TaskSummary>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(task) = read.data::<Task>(Key::Task(id))? else { return Ok(None) };
    let workflow = match *task.workflow {
        Some(workflow) => read.data::<Workflow>(Key::Workflow(workflow))?,
        None => None,
    };
    Ok(Some(TaskSummary {
        id,
        title: open(workspace, task.title.as_ref())?,
        kind: if task.workflow.is_some() { TaskKind::Run } else { TaskKind::Conversation },
        status: status(workspace, id, task)?,
        workflow: open(workspace, workflow.and_then(|workflow| workflow.name.as_ref()))?,
        input_tokens: task.input_tokens.0,
        output_tokens: task.output_tokens.0,
        cost_micros: task.cost_micros.0,
    }))
}

fn status(workspace: &Workspace, id: Id, task: &Task) -> Result<TaskStatus, Stop> {
    if *task.cancelled {
        return Ok(TaskStatus::Cancelled);
    }
    let read = workspace.read(workspace.main()?);
    let goes_on = match read.data::<Run>(Key::Run(id))?.map(|run| *run.status) {
        Some(RunStatus::Done) => return Ok(TaskStatus::Done),
        Some(RunStatus::Failed) => return Ok(TaskStatus::Failed),
        Some(RunStatus::Cancelled) => return Ok(TaskStatus::Cancelled),
        Some(RunStatus::Running) => true,
        None => false,
    };
    let last = match *task.last_step {
        Some(step) => read.data::<Step>(Key::Step(step))?.map(|step| *step.status),
        None => None,
    };
    match last {
        _ if goes_on => {}
        None => return Ok(TaskStatus::Open),
        Some(StepStatus::Answered) => return Ok(TaskStatus::Done),
        Some(StepStatus::Failed) => return Ok(TaskStatus::Failed),
        Some(StepStatus::Cancelled) => return Ok(TaskStatus::Cancelled),
        Some(StepStatus::Waiting) => {}
    }
    for call in awaited(workspace, id)? {
        if read.data::<Call>(Key::Call(call))?.is_some_and(|call| *call.status == CallStatus::Asking) {
            return Ok(TaskStatus::Waiting);
        }
    }
    Ok(TaskStatus::Running)
}

/// The calls that a task waits for: that of its run, and those of the agent that is at work.
fn awaited(workspace: &Workspace, id: Id) -> Result<Vec<Id>, Stop> {
    let read = workspace.read(workspace.main()?);
    let mut calls: Vec<Id> = read.data::<Run>(Key::Run(id))?.and_then(|run| *run.call).into_iter().collect();
    let step = match read.data::<Task>(Key::Task(id))?.and_then(|task| *task.last_step) {
        Some(step) => read.data::<Step>(Key::Step(step))?.filter(|step| *step.status == StepStatus::Waiting),
        None => None,
    };
    if let Some(turn) = step.and_then(|step| *step.turn) {
        let turn = read.data::<Turn>(Key::Turn(turn))?;
        calls.extend(turn.into_iter().flat_map(|turn| turn.calls.iter().copied()));
    }
    Ok(calls)
}

fn approvals_of(workspace: &Workspace, id: Id) -> Result<Vec<Id>, Stop> {
    let read = workspace.read(workspace.main()?);
    let mut found = Vec::new();
    for key in keys(workspace, Index::Open, true)? {
        let Key::Open(approval) = key else { continue };
        if read.control::<Approval>(Key::Approval(approval))?.is_some_and(|row| *row.task == id) {
            found.push(approval);
        }
    }
    Ok(found)
}

fn run_view(workspace: &Workspace, id: Id) -> Result<Option<RunView>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(run) = read.data::<Run>(Key::Run(id))? else { return Ok(None) };
    let source = read.data::<Workflow>(Key::Workflow(*run.workflow))?.and_then(|it| it.source.0.clone());
    let definition = match source {
        Some(source) => workspace.definition(&source)?,
        None => None,
    };
    let node = definition.as_ref().and_then(|it| it.nodes.get(run.position.node()? as usize));
    Ok(Some(RunView {
        workflow: *run.workflow,
        node: node.map(|node| node.name.clone()),
        pointer: node.map(|node| node.pointer.clone()),
        due: *run.due,
        output: open_json(workspace, run.output.as_ref())?,
        failure: failure(workspace, run.failure.as_ref())?,
    }))
}

fn call_view(workspace: &Workspace, id: Id) -> Result<Option<CallView>, Stop> {
    let Some(call) = workspace.read(workspace.main()?).data::<Call>(Key::Call(id))? else { return Ok(None) };
    Ok(Some(CallView {
        id,
        capability: call.capability.0.clone(),
        status: *call.status,
        arguments: open_json(workspace, call.arguments.as_ref())?,
        result: open_json(workspace, call.result.as_ref())?,
        failure: failure(workspace, call.failure.as_ref())?,
        attempts: call.attempts.0,
    }))
}

fn step_view(workspace: &Workspace, id: Id) -> Result<Option<(StepView, Option<Id>)>, Stop> {
    let read = workspace.read(workspace.main()?);
    let Some(step) = read.data::<Step>(Key::Step(id))? else { return Ok(None) };
    let lease = read.control::<Lease>(Key::Lease(*step.effect))?;
    let view = StepView {
        id,
        agent: *step.agent,
        effect: *step.effect,
        status: *step.status,
        prompt: open(workspace, step.prompt.as_ref())?,
        answer: open(workspace, step.answer.as_ref())?,
        failure: failure(workspace, step.failure.as_ref())?,
        turns: step.turns.0.saturating_add(1),
        attempts: lease.map_or(0, |lease| *lease.fence),
        lost: lease.map_or(0, |lease| lease.lost.0),
        late: lease.map_or(0, |lease| lease.late.0),
    };
    Ok(Some((view, *step.previous)))
}
