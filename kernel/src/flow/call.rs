//! Calls: from a request for a capability to its result.

use super::{Fault, Outcome, agent, builtin, http, person, run};
use crate::capability::{self, Capability, OfferedBy};
use crate::entity::{Call, Idempotency, Owner};
use crate::event::{CallOutcome, CallRequested, CallSettled, Closing, EffectRequested};
use crate::id::{Id, Role};
use crate::key::Key;
use crate::seal::Content;
use crate::staged::Staged;
use crate::view::{Halt, View};
use serde_json::Value;

/// Longest JSON of arguments, in bytes.
pub const ARGUMENTS_MAX: usize = 512 * 1024;

/// Longest JSON of a result, in bytes; well below what a sealed unit may hold.
pub const RESULT_MAX: usize = 12 << 20;

/// How often an effect that performs a call is tried again.
pub const RETRIES_MAX: u64 = 3;

/// What a capability's raw result means to who asked for it.
pub fn result_of(capability: &str, arguments: &Value, result: Value) -> Outcome {
    if capability == "http.request" { http::outcome(arguments, result) } else { Ok(result) }
}

/// What is asked for.
#[derive(Debug)]
pub struct Asked {
    /// The task.
    pub task: Id,
    /// Who asks.
    pub owner: Owner,
    /// Name of the capability, as it was said.
    pub capability: String,
    /// What it is given.
    pub arguments: Value,
    /// The model's own name for the call.
    pub tool: Option<String>,
    /// Whether a person is asked first.
    pub ask_first: bool,
}

/// Ask for a capability. The outcome is there at once when nobody has to be waited for.
pub fn request<V: View>(to: &mut Staged<'_, V>, asked: Asked) -> Result<Option<Outcome>, Halt> {
    let call = to.id(Role::Call)?;
    let found = capability::find(&asked.capability);
    let bytes = asked.arguments.to_string().len();
    let too_long = bytes > ARGUMENTS_MAX;
    to.emit(CallRequested {
        task: asked.task,
        call,
        owner: asked.owner,
        // A name that is in no registry is somebody's text, and texts do not stand in clear.
        capability: found.map_or("unknown", |found| found.name).to_owned(),
        idempotency: found.map_or(Idempotency::Fail, |found| found.idempotency(&asked.arguments)),
        arguments: Content::plain(short(&asked.arguments)),
        tool: asked.tool.map(Content::plain),
    })?;
    let refused = match found {
        None => Some(unknown(&asked.capability)),
        Some(_) if too_long => {
            let detail = format!("the arguments have {bytes} bytes; at most {ARGUMENTS_MAX} are taken");
            Some(Fault::new("invalid_arguments", 400, detail))
        }
        Some(found) => invalid(to, found, &asked.arguments)?,
    };
    if let Some(fault) = refused {
        settle(to, call, None, &Err(fault.clone()))?;
        return Ok(Some(Err(fault)));
    }
    if asked.ask_first {
        person::approve(to, asked.task, call, &asked.capability, &asked.arguments)?;
        return Ok(None);
    }
    perform(to, call)
}

/// A capability is asked for that may not be used: the call is on record, with the reason.
pub fn refuse<V: View>(to: &mut Staged<'_, V>, asked: Asked, fault: &Fault) -> Result<(), Halt> {
    let call = to.id(Role::Call)?;
    to.emit(CallRequested {
        task: asked.task,
        call,
        owner: asked.owner,
        capability: capability::find(&asked.capability).map_or("unknown", |found| found.name).to_owned(),
        idempotency: Idempotency::Fail,
        arguments: Content::plain(short(&asked.arguments)),
        tool: asked.tool.map(Content::plain),
    })?;
    settle(to, call, None, &Err(fault.clone()))
}

fn short(arguments: &Value) -> String {
    let text = arguments.to_string();
    if text.len() > ARGUMENTS_MAX { "null".to_owned() } else { text }
}

fn unknown(name: &str) -> Fault {
    let shown: String = name.chars().take(64).collect();
    let near = capability::nearest(name).map(|near| format!("; the nearest is {near}")).unwrap_or_default();
    Fault::new("unknown_capability", 404, format!("there is no capability {shown:?}{near}"))
}

fn invalid<V: View>(
    to: &Staged<'_, V>,
    capability: &'static Capability,
    arguments: &Value,
) -> Result<Option<Fault>, Halt> {
    let violations = to.arguments(capability)?.violations(arguments);
    let detail = format!("the arguments of {} are not valid: {}", capability.name, violations.join("; "));
    Ok((!violations.is_empty()).then(|| Fault::new("invalid_arguments", 400, detail)))
}

/// Do what the call asks for. The outcome is there at once when the kernel does it itself.
pub fn perform<V: View>(to: &mut Staged<'_, V>, call: Id) -> Result<Option<Outcome>, Halt> {
    let Some(row) = to.read().data::<Call>(Key::Call(call))?.cloned() else { return Ok(None) };
    let arguments = arguments(to, &row)?;
    let outcome = match capability::find(&row.capability).map(|found| found.offered_by) {
        None => Err(unknown(&row.capability)),
        Some(OfferedBy::Kernel) => builtin::perform(to, &row.capability, &arguments)?,
        Some(OfferedBy::Runtime) => {
            let effect = to.id(Role::Effect)?;
            to.emit(EffectRequested { task: *row.task, effect, step: None, call: Some(call), approval: None })?;
            return Ok(None);
        }
        Some(OfferedBy::Person) => match person::ask(to, *row.task, call, &arguments)? {
            Ok(()) => return Ok(None),
            Err(fault) => Err(fault),
        },
        Some(OfferedBy::Agent) => match agent::asked(to, *row.task, call, &arguments)? {
            Ok(()) => return Ok(None),
            Err(fault) => Err(fault),
        },
    };
    let outcome = bounded(outcome);
    settle(to, call, None, &outcome)?;
    Ok(Some(outcome))
}

/// A result that is too large to be kept is none.
fn bounded(outcome: Outcome) -> Outcome {
    let bytes = outcome.as_ref().map_or(0, |result| result.to_string().len());
    if bytes <= RESULT_MAX {
        return outcome;
    }
    Err(Fault::new("too_large", 413, format!("the result has {bytes} bytes; at most {RESULT_MAX} are kept")))
}

/// What the call is given; null when its key was destroyed.
pub fn arguments<V: View>(to: &Staged<'_, V>, call: &Call) -> Result<Value, Halt> {
    let text = to.text(call.arguments.as_ref())?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null))
}

/// The call is over.
pub fn settle<V: View>(
    to: &mut Staged<'_, V>,
    call: Id,
    closing: Option<Closing>,
    outcome: &Outcome,
) -> Result<(), Halt> {
    let outcome = match outcome {
        Ok(result) => CallOutcome::Done { result: Content::plain(result.to_string()) },
        Err(fault) => CallOutcome::Failed { class: fault.class.clone(), detail: Content::plain(&fault.detail) },
    };
    settled(to, call, closing, outcome)
}

pub(super) fn settled<V: View>(
    to: &mut Staged<'_, V>,
    call: Id,
    closing: Option<Closing>,
    outcome: CallOutcome,
) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Call>(Key::Call(call))? else { return Ok(()) };
    let (task, owner) = (*row.task, *row.owner);
    to.emit(CallSettled { task, call, owner, closing, outcome })
}

/// The call is over, and who waited for it goes on.
pub fn finish<V: View>(
    to: &mut Staged<'_, V>,
    call: Id,
    closing: Option<Closing>,
    outcome: Outcome,
) -> Result<(), Halt> {
    let Some(row) = to.read().data::<Call>(Key::Call(call))? else { return Ok(()) };
    let (task, owner) = (*row.task, *row.owner);
    let outcome = bounded(outcome);
    settle(to, call, closing, &outcome)?;
    go_on(to, task, owner, outcome)
}

/// Who waited for a call goes on.
pub fn go_on<V: View>(to: &mut Staged<'_, V>, task: Id, owner: Owner, outcome: Outcome) -> Result<(), Halt> {
    match owner {
        Owner::Run(_) => run::advance(to, task, Some(outcome)),
        Owner::Step(step) => agent::continue_when_ready(to, step),
    }
}
