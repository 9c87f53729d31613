//! What becomes of work that was under way at a restore: somebody decides, for each.
//!
//! The data wait for it as they did where the branch went back to, while control knows what happened since. So its
//! outcome on a line that was left is taken, or it is done again, or it is given up; nothing of that happens by itself.

use super::agent::{self, Said, ToolUse};
use super::{Fault, Outcome, call, cancel, person, run};
use crate::command::lines_left;
use crate::entity::{
    Approval, Call, CallStatus, Choice, Effect, Failure, Lease, Restored, Run, RunStatus, Standing, Step, StepStatus,
    Turn,
};
use crate::event::{Closing, EffectClosed, EffectQueued};
use crate::id::{Id, Role};
use crate::key::{Index, Key, Line};
use crate::reject::Code;
use crate::seal::Content;
use crate::staged::Staged;
use crate::view::{Halt, Lookup, RANGE_MAX, Reader, View};
use serde_json::Value;

/// What the newest restore of the line holds and nobody decided about.
pub fn undecided<V: Lookup>(read: &Reader<'_, V>) -> Result<Vec<(Id, Restored)>, Halt> {
    let (mut undecided, mut after) = (Vec::new(), None);
    loop {
        let page = read.index(Index::Restored, after.as_ref(), RANGE_MAX)?;
        for key in &page {
            let (Key::Restored(id), Some(row)) = (*key, read.control::<Restored>(*key)?) else { continue };
            let is_here = *row.incarnation == read.line().incarnation;
            if is_here && *row.standing == Standing::Undecided && row.choice.is_none() {
                undecided.push((id, row.clone()));
            }
        }
        match page.last().filter(|_| page.len() == RANGE_MAX) {
            Some(last) => after = Some(*last),
            None => return Ok(undecided),
        }
    }
}

/// Whether the data still wait for it, so that somebody has to decide.
pub fn waits<V: Lookup>(read: &Reader<'_, V>, id: Id, row: &Restored) -> Result<bool, Halt> {
    Ok(match id.role {
        Role::Effect => read.data::<Effect>(Key::Effect(id))?.is_some_and(|effect| effect.settled_by.is_none()),
        Role::Approval => {
            let Some(approval) = read.control::<Approval>(Key::Approval(id))? else { return Ok(false) };
            let call = read.data::<Call>(Key::Call(*approval.call))?;
            call.is_some_and(|call| *call.status == CallStatus::Asking && *call.approval == Some(id))
        }
        // A run that waits for a call as well goes on with that; its time is only how long it may take.
        _ => read.data::<Run>(Key::Run(id))?.is_some_and(|run| {
            *run.status == RunStatus::Running && run.call.is_none() && run.due.is_some() && *run.due == *row.at
        }),
    })
}

/// Somebody decided.
pub fn decide<V: View>(to: &mut Staged<'_, V>, id: Id, choice: Choice) -> Result<(), Halt> {
    match id.role {
        Role::Effect => effect(to, id, choice),
        Role::Approval => approval(to, id, choice),
        _ => timer(to, id, choice),
    }
}

/// What came of it on a line that was left: the words of a model or a result as JSON, or a failure.
pub fn recorded<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<Result<String, Fault>>, Halt> {
    let lines: Vec<Line> = lines_left(read.line()).collect();
    recorded_on(read, id, &lines, &|step| newest_turn(read, step))
}

/// The same on `lines`, the first that knows. `newest` says which turn of a step was the newest when it was under way.
pub fn recorded_on<V: View>(
    read: &Reader<'_, V>,
    id: Id,
    lines: &[Line],
    newest: &dyn Fn(Id) -> Result<Option<Id>, Halt>,
) -> Result<Option<Result<String, Fault>>, Halt> {
    let outcome = |it: Option<Outcome>| it.map(|outcome| outcome.map(|value| value.to_string()));
    match id.role {
        Role::Approval => match read.control::<Approval>(Key::Approval(id))? {
            Some(approval) => call_outcome(read, lines, *approval.call).map(outcome),
            None => Ok(None),
        },
        _ => match read.data::<Effect>(Key::Effect(id))?.map(owed) {
            Some(Owed::Model(step)) => {
                Ok(model_outcome(read, lines, step, newest(step)?)?.map(|it| it.map(|said| said.text)))
            }
            Some(Owed::Capability(call)) => call_outcome(read, lines, call).map(outcome),
            Some(Owed::Notice) | None => Ok(None),
        },
    }
}

fn newest_turn<V: View>(read: &Reader<'_, V>, step: Id) -> Result<Option<Id>, Halt> {
    Ok(read.data::<Step>(Key::Step(step))?.and_then(|step| *step.turn))
}

/// What an effect is for.
pub enum Owed {
    /// The next words of a model, in this step.
    Model(Id),
    /// A capability, for this call.
    Capability(Id),
    /// Somebody is told that a person is waited for.
    Notice,
}

/// What `effect` is for.
pub fn owed(effect: &Effect) -> Owed {
    match (*effect.step, *effect.call) {
        (Some(step), _) => Owed::Model(step),
        (None, Some(call)) => Owed::Capability(call),
        (None, None) => Owed::Notice,
    }
}

fn effect<V: View>(to: &mut Staged<'_, V>, id: Id, choice: Choice) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Effect>(Key::Effect(id))?.cloned() else { return Ok(()) };
    let closing = Closing::of(id, to.read().control::<Lease>(Key::Lease(id))?);
    match (choice, owed(&row)) {
        (Choice::Again, Owed::Model(_) | Owed::Capability(_) | Owed::Notice) => to.emit(EffectQueued { effect: id }),
        (Choice::Take, Owed::Model(step)) => match model_left(&to.read(), step)? {
            Some(Ok(said)) => agent::answered(to, step, closing, said),
            // It was given up there before any runtime had it, so there is no attempt that it could be settled by.
            Some(Err(Fault { class, detail, .. })) if closing.runtime.is_none() => {
                cancel::effect(to, id)?;
                agent::stop(to, step, false, &class, &detail)
            }
            Some(Err(fault)) => agent::failed(to, step, closing, fault, None),
            None => Err(nothing_recorded(id)),
        },
        (Choice::Take, Owed::Capability(of)) => match call_left(&to.read(), of)? {
            Some(outcome) => call::finish(to, of, Some(closing), outcome),
            None => Err(nothing_recorded(id)),
        },
        (Choice::Take | Choice::GiveUp, Owed::Notice) => to.emit(EffectClosed { closing }),
        (Choice::GiveUp, Owed::Model(step)) => {
            cancel::effect(to, id)?;
            let Fault { class, detail, .. } = given_up();
            agent::stop(to, step, false, &class, &detail)
        }
        (Choice::GiveUp, Owed::Capability(of)) => {
            cancel::effect(to, id)?;
            call::finish(to, of, None, Err(given_up()))
        }
    }
}

/// A decision that was made on a line that was left is not used twice: the call's outcome is taken, or somebody is asked
/// anew.
fn approval<V: View>(to: &mut Staged<'_, V>, id: Id, choice: Choice) -> Result<(), Halt> {
    let Some(of) = to.read().control::<Approval>(Key::Approval(id))?.map(|approval| *approval.call) else {
        return Ok(());
    };
    match choice {
        Choice::Take => match call_left(&to.read(), of)? {
            Some(outcome) => call::finish(to, of, None, outcome),
            None => Err(nothing_recorded(id)),
        },
        Choice::Again => person::ask_again(to, id),
        Choice::GiveUp => call::finish(to, of, None, Err(given_up())),
    }
}

/// The time that a run waited for went by on a line that was left. Its timer is set, and goes off once all is released.
fn timer<V: View>(to: &mut Staged<'_, V>, task: Id, choice: Choice) -> Result<(), Halt> {
    match choice {
        Choice::Take => Err(nothing_recorded(task)),
        Choice::Again => Ok(()),
        Choice::GiveUp => run::give_up(to, task, given_up()),
    }
}

fn given_up() -> Fault {
    Fault::new("given_up", 410, "it was under way at a restore, and somebody gave it up")
}

fn nothing_recorded(id: Id) -> Halt {
    Code::NothingRecorded.because(format!("no line that was left knows what came of {id}")).into()
}

/// What came of a call on the newest line left that knows.
fn call_left<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<Outcome>, Halt> {
    let lines: Vec<Line> = lines_left(read.line()).collect();
    call_outcome(read, &lines, id)
}

/// What a model said next in a step, or why it failed, on the newest line left that knows.
fn model_left<V: View>(read: &Reader<'_, V>, step: Id) -> Result<Option<Result<Said, Fault>>, Halt> {
    let lines: Vec<Line> = lines_left(read.line()).collect();
    model_outcome(read, &lines, step, newest_turn(read, step)?)
}

fn call_outcome<V: View>(read: &Reader<'_, V>, lines: &[Line], id: Id) -> Result<Option<Outcome>, Halt> {
    for line in lines {
        let there = Reader::new(read.view(), *line);
        let Some(row) = there.data::<Call>(Key::Call(id))? else { continue };
        match (*row.status, text(read, row.result.as_ref())?, row.failure.as_ref()) {
            (CallStatus::Done, Some(text), _) => {
                let value = serde_json::from_str::<Value>(&text);
                return Ok(Some(Ok(value.map_err(|why| Halt::Broken(format!("a result is not JSON: {why}")))?)));
            }
            (CallStatus::Failed, _, Some(failure)) => return Ok(Some(Err(fault(read, failure)?))),
            _ => {}
        }
    }
    Ok(None)
}

fn model_outcome<V: View>(
    read: &Reader<'_, V>,
    lines: &[Line],
    id: Id,
    newest: Option<Id>,
) -> Result<Option<Result<Said, Fault>>, Halt> {
    for line in lines {
        let there = Reader::new(read.view(), *line);
        let Some(step) = there.data::<Step>(Key::Step(id))? else { continue };
        if let Some(turn) = turn_after(&there, *step.turn, newest)? {
            match said(&there, turn)? {
                Some(said) => return Ok(Some(Ok(said))),
                None => continue,
            }
        }
        let answer = text(read, step.answer.as_ref())?;
        match (*step.status, answer, step.failure.as_ref()) {
            (StepStatus::Answered, Some(text), _) if *step.turn == newest => {
                let stop = step.stop.0.clone().unwrap_or_default();
                return Ok(Some(Ok(Said { text, calls: Vec::new(), stop, tokens: (0, 0), taken: true })));
            }
            (StepStatus::Failed, _, Some(failure)) if *step.turn == newest => {
                return Ok(Some(Err(fault(read, failure)?)));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The turn that followed `before`, looked for from the newest back.
fn turn_after<'a, V: Lookup>(
    read: &Reader<'a, V>,
    newest: Option<Id>,
    before: Option<Id>,
) -> Result<Option<&'a Turn>, Halt> {
    let mut next = newest;
    while let Some(id) = next.filter(|id| Some(*id) != before) {
        let Some(turn) = read.data::<Turn>(Key::Turn(id))? else { return Ok(None) };
        if *turn.previous == before {
            return Ok(Some(turn));
        }
        next = *turn.previous;
    }
    Ok(None)
}

/// What the model said in a turn; none when that cannot be told any more.
fn said<V: View>(there: &Reader<'_, V>, turn: &Turn) -> Result<Option<Said>, Halt> {
    if turn.calls.is_empty() && turn.remark.is_none() {
        return Ok(None);
    }
    let mut calls = Vec::new();
    for id in turn.calls.iter() {
        let Some(call) = there.data::<Call>(Key::Call(*id))? else { return Ok(None) };
        let Some(arguments) = text(there, call.arguments.as_ref())? else { return Ok(None) };
        let id = text(there, call.tool.as_ref())?.unwrap_or_else(|| id.to_string());
        calls.push(ToolUse { id, name: call.capability.0.clone(), arguments });
    }
    let text = text(there, turn.text.as_ref())?.unwrap_or_default();
    let stop = if calls.is_empty() { "end" } else { "tool" }.to_owned();
    Ok(Some(Said { text, calls, stop, tokens: (0, 0), taken: true }))
}

fn fault<V: View>(read: &Reader<'_, V>, failure: &Failure) -> Result<Fault, Halt> {
    Ok(Fault::new(&failure.class, 502, text(read, Some(&failure.detail))?.unwrap_or_default()))
}

fn text<V: View>(read: &Reader<'_, V>, content: Option<&Content>) -> Result<Option<String>, Halt> {
    let Some(content) = content else { return Ok(None) };
    Ok(read.view().open(content)?.map(|text| text.to_string()))
}
