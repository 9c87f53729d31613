//! Runs: a workflow that is performed, one move after the other, until it has to wait.

use super::call::{self, Asked};
use super::{Fault, Outcome, cancel};
use crate::entity::{Owner, Run, RunStatus, Workflow};
use crate::event::{RunEnded, RunMoved, RunOutcome, RunStarted, RunWaits, TaskCreated, TimerEnded, TimerSet};
use crate::hash::{Domain, hash};
use crate::id::{Id, Role};
use crate::key::Key;
use crate::reject::Code;
use crate::seal::Content;
use crate::staged::Staged;
use crate::view::{Halt, View};
use crate::workflow::Definition;
use crate::workflow::run::{self as interpreter, Facts, Next, RunError, Values};
use serde_json::Value;
use std::rc::Rc;

/// Moves that one command makes. A run that wants more goes on with the next, so that no commit grows without bound
/// and other tasks get their turn.
pub const MOVES_MAX: usize = 192;

/// Longest detail of an error that a workflow sees, in characters. The call keeps all of it.
const DETAIL_CHARS_MAX: usize = 16 * 1024;

/// Opens the values of a position.
struct Opened<'a, 'b, V>(&'a Staged<'b, V>);

impl<V: View> Values for Opened<'_, '_, V> {
    fn open(&self, content: &Content) -> Result<Rc<Value>, Halt> {
        // A value whose key was destroyed is null, as it is for everybody.
        Ok(self.0.json(content)?.unwrap_or_default())
    }
}

/// Begin a run of `workflow`.
pub fn start<V: View>(to: &mut Staged<'_, V>, workflow: Id, input: &Value) -> Result<Id, Halt> {
    let Some(row) = to.read().data::<Workflow>(Key::Workflow(workflow))?.cloned() else {
        return Err(Code::NotFound.because(format!("there is no workflow {workflow}")).into());
    };
    let definition = definition(to, &row, workflow)?;
    let task = to.id(Role::Task)?;
    to.made.push(task);
    to.emit(TaskCreated { task, title: Content::plain(&definition.document.name) })?;
    to.emit(RunStarted {
        task,
        workflow,
        started_at: to.now_ms,
        deadline: definition.timeout_ms.map(|ms| to.now_ms.saturating_add(ms)),
        input: Content::plain(input.to_string()),
    })?;
    advance(to, task, None)?;
    Ok(task)
}

fn definition<V: View>(to: &Staged<'_, V>, row: &Workflow, workflow: Id) -> Result<Rc<Definition>, Halt> {
    let source = row.source.as_ref().map(|source| to.definition(source)).transpose()?.flatten();
    source.ok_or_else(|| Code::KeyDestroyed.because(format!("the key of workflow {workflow} is gone")).into())
}

/// Go on as far as possible. `outcome` is that of the call the run waited for.
pub fn advance<V: View>(to: &mut Staged<'_, V>, task: Id, outcome: Option<Outcome>) -> Result<(), Halt> {
    let Some(run) = to.read().data::<Run>(Key::Run(task))?.cloned() else { return Ok(()) };
    if *run.status != RunStatus::Running {
        return Ok(());
    }
    let workflow = *run.workflow;
    let row = to.read().data::<Workflow>(Key::Workflow(workflow))?.cloned();
    let definition = match row.as_ref().map(|row| definition(to, row, workflow)).transpose() {
        Ok(Some(definition)) => definition,
        // The workflow's own key was destroyed while it ran.
        Ok(None) | Err(Halt::Reject(_)) => {
            return fail(to, task, &error(&Fault::new("erased", 410, "the workflow is gone")));
        }
        Err(halt) => return Err(halt),
    };
    wait_no_more(to, task, &run)?;
    let mut outcome = outcome.map(|outcome| outcome.map_err(|fault| error(&fault)));
    for _ in 0..MOVES_MAX {
        if to.is_full() {
            break;
        }
        let next = next(to, task, &definition, outcome.take())?;
        match step(to, task, next)? {
            Went::On => {}
            Went::Back(result) => outcome = Some(result.map_err(|fault| error(&fault))),
            Went::ToWait => return set_deadline(to, task, &definition),
            Went::ToItsEnd => return Ok(()),
        }
    }
    // What came back from a call must not be lost in between: it is taken in before the run pauses.
    if let Some(result) = outcome.take() {
        let next = next(to, task, &definition, Some(result))?;
        match step(to, task, next)? {
            Went::On | Went::Back(_) => {}
            Went::ToWait => return set_deadline(to, task, &definition),
            Went::ToItsEnd => return Ok(()),
        }
    }
    wait_until(to, task, to.now_ms)
}

/// Where a step led.
enum Went {
    /// There is more to do.
    On,
    /// A call came back at once.
    Back(Outcome),
    /// Somebody has to be waited for.
    ToWait,
    /// It is over.
    ToItsEnd,
}

fn next<V: View>(
    to: &Staged<'_, V>,
    task: Id,
    definition: &Definition,
    outcome: Option<Result<Value, RunError>>,
) -> Result<Next, Halt> {
    let Some(run) = to.read().data::<Run>(Key::Run(task))? else {
        return Err(Halt::Broken(format!("the run {task} is gone")));
    };
    let facts = facts(to, task, run);
    match outcome {
        Some(outcome) => interpreter::resumed(definition, &run.position, &facts, &Opened(to), outcome),
        None => interpreter::next(definition, &run.position, &facts, &Opened(to)),
    }
}

fn facts<V: View>(to: &Staged<'_, V>, task: Id, run: &Run) -> Facts {
    let name = task.to_string();
    let digest = hash(Domain::Identity, &[b"run", name.as_bytes(), &to.now_ms.to_be_bytes()]);
    let seed = digest.iter().take(8).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    Facts { run: name, now_ms: to.now_ms, started_ms: *run.started_at, deadline: *run.deadline, seed }
}

fn step<V: View>(to: &mut Staged<'_, V>, task: Id, next: Next) -> Result<Went, Halt> {
    match next {
        Next::Move(step) => to.emit(RunMoved { task, step }).map(|()| Went::On),
        Next::Call { step, node, capability, arguments } => {
            to.emit(RunMoved { task, step })?;
            let owner = Owner::Run(node);
            let asked = Asked { task, owner, capability, arguments, tool: None, ask_first: false };
            Ok(call::request(to, asked)?.map_or(Went::ToWait, Went::Back))
        }
        Next::Wait { step, until_ms } => {
            to.emit(RunMoved { task, step })?;
            wait_until(to, task, until_ms)?;
            Ok(Went::ToWait)
        }
        Next::Done { output } => {
            let output = Content::plain(output.to_string());
            to.emit(RunEnded { task, outcome: RunOutcome::Done { output } })?;
            Ok(Went::ToItsEnd)
        }
        Next::Failed(error) => fail(to, task, &error).map(|()| Went::ToItsEnd),
    }
}

fn fail<V: View>(to: &mut Staged<'_, V>, task: Id, error: &RunError) -> Result<(), Halt> {
    let class = error.type_.rsplit('/').next().unwrap_or("runtime");
    let class: String = class.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(32).collect();
    let detail = serde_json::to_string(error).map_err(|why| Halt::Broken(why.to_string()))?;
    to.emit(RunEnded { task, outcome: RunOutcome::Failed { class, detail: Content::plain(detail) } })
}

/// A failure of a call, in the words of the workflow language.
fn error(fault: &Fault) -> RunError {
    let kind = match fault.class.as_str() {
        "http_status" | "unavailable" | "overload" | "connect" | "interrupted" => "communication",
        "timeout" => "timeout",
        "invalid_arguments" | "invalid_output" => "validation",
        "rejected" | "auth" => "authorization",
        _ => "runtime",
    };
    RunError {
        type_: format!("https://serverlessworkflow.io/spec/1.0.0/errors/{kind}"),
        status: fault.status,
        title: fault.class.clone(),
        // An error is a value that flows, and grows when it is written as JSON.
        detail: fault.detail.chars().take(DETAIL_CHARS_MAX).collect(),
        instance: None,
    }
}

fn wait_until<V: View>(to: &mut Staged<'_, V>, task: Id, at: u64) -> Result<(), Halt> {
    to.emit(RunWaits { task, due: Some(at) })?;
    to.emit(TimerSet { at, id: task })
}

fn wait_no_more<V: View>(to: &mut Staged<'_, V>, task: Id, run: &Run) -> Result<(), Halt> {
    let Some(at) = *run.due else { return Ok(()) };
    to.emit(RunWaits { task, due: None })?;
    to.emit(TimerEnded { at, id: task })
}

/// A run that waits for somebody is woken when what it does, or all of it, takes too long.
fn set_deadline<V: View>(to: &mut Staged<'_, V>, task: Id, definition: &Definition) -> Result<(), Halt> {
    let Some(run) = to.read().data::<Run>(Key::Run(task))?.cloned() else { return Ok(()) };
    let deadline = interpreter::deadline(definition, &run.position, &facts(to, task, &run));
    match (deadline, *run.due) {
        (Some(deadline), None) => wait_until(to, task, deadline),
        (Some(deadline), Some(due)) if deadline < due => {
            wait_no_more(to, task, &run)?;
            wait_until(to, task, deadline)
        }
        _ => Ok(()),
    }
}

/// Nobody wants a run to wait for its time any more: what it waits in fails.
pub fn give_up<V: View>(to: &mut Staged<'_, V>, task: Id, fault: Fault) -> Result<(), Halt> {
    let Some(run) = to.read().data::<Run>(Key::Run(task))?.cloned() else { return Ok(()) };
    if run.position.is_blocked() {
        return advance(to, task, Some(Err(fault)));
    }
    wait_no_more(to, task, &run)?;
    fail(to, task, &error(&fault))
}

/// The time that a run waited for came.
pub fn due<V: View>(to: &mut Staged<'_, V>, task: Id, at: u64) -> Result<(), Halt> {
    let Some(run) = to.read().data::<Run>(Key::Run(task))?.cloned() else { return Ok(()) };
    if *run.due != Some(at) || *run.status != RunStatus::Running {
        return Ok(());
    }
    let Some(waiting) = *run.call else {
        return if run.position.is_blocked() {
            advance(to, task, Some(Ok(Value::Null)))
        } else {
            advance(to, task, None)
        };
    };
    cancel::call(to, waiting)?;
    let fault = Fault::new("timeout", 408, "it took longer than the workflow allows");
    advance(to, task, Some(Err(fault)))
}
