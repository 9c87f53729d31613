//! Cancelling reaches everything beneath: the run, its call, its agent's step, the step's tools, effects, approvals.

use super::{agent, person};
use crate::entity::{Call, Effect, Lease, Run, RunStatus, Step, StepStatus, Task, Turn};
use crate::event::{CallOutcome, Closing, EffectClosed, RunEnded, RunOutcome, TimerEnded};
use crate::id::Id;
use crate::key::Key;
use crate::staged::Staged;
use crate::view::{Halt, View};

/// Everything that a task waits for is given up.
pub fn task<V: View>(to: &mut Staged<'_, V>, task: Id) -> Result<(), Halt> {
    if let Some(run) = to.read().data::<Run>(Key::Run(task))?.cloned()
        && *run.status == RunStatus::Running
    {
        if let Some(waiting) = *run.call {
            call(to, waiting)?;
        }
        if let Some(at) = *run.due {
            to.emit(TimerEnded { at, id: task })?;
        }
        to.emit(RunEnded { task, outcome: RunOutcome::Cancelled })?;
    }
    let last = to.read().data::<Task>(Key::Task(task))?.and_then(|task| *task.last_step);
    last.map_or(Ok(()), |last| step(to, last))
}

/// A call is given up.
pub fn call<V: View>(to: &mut Staged<'_, V>, id: Id) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Call>(Key::Call(id))?.cloned() else { return Ok(()) };
    if row.status.is_over() {
        return Ok(());
    }
    if let Some(waiting) = *row.effect {
        effect(to, waiting)?;
    }
    if let Some(waiting) = *row.approval {
        person::withdraw(to, waiting)?;
    }
    if let Some(waiting) = *row.step {
        step(to, waiting)?;
    }
    super::call::settled(to, id, None, CallOutcome::Cancelled)
}

/// A step is given up.
pub fn step<V: View>(to: &mut Staged<'_, V>, id: Id) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Step>(Key::Step(id))?.cloned() else { return Ok(()) };
    if *row.status != StepStatus::Waiting {
        return Ok(());
    }
    effect(to, *row.effect)?;
    if let Some(turn) = *row.turn {
        let calls = to.read().data::<Turn>(Key::Turn(turn))?.map(|turn| turn.calls.0.clone()).unwrap_or_default();
        for waiting in calls {
            call(to, waiting)?;
        }
    }
    agent::stop(to, id, true, "cancelled", "somebody cancelled it")
}

/// An effect is given up: whoever performs it will report too late.
pub fn effect<V: View>(to: &mut Staged<'_, V>, id: Id) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Effect>(Key::Effect(id))?.cloned() else { return Ok(()) };
    if row.settled_by.is_some() {
        return Ok(());
    }
    if let Some(at) = *row.due {
        to.emit(TimerEnded { at, id })?;
    }
    let lease = to.read().control::<Lease>(Key::Lease(id))?.cloned();
    to.emit(EffectClosed { closing: Closing::of(id, lease.as_ref()) })
}
