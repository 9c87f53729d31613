//! `effects(state)`: what the outside world still owes us, and what a runtime needs to get it.

mod told;

pub use told::{CONTEXT_STEPS_MAX, Told, TurnContext, turn_context};

use crate::entity::{Agent, Approval, ApprovalKind, Call, Effect, Egress, Provider, Step, Turn};
use crate::hash::HashText;
use crate::id::Id;
use crate::key::{Index, Key};
use crate::seal::Content;
use crate::view::{Halt, Lookup, RANGE_MAX, Reader, View};
use serde_json::Value;
use told::{answered, conversation_before, told, turns};

/// Effects that wait for a runtime, oldest id first; those whose lease is over come with the next lease.
pub fn effects<V: Lookup>(read: &Reader<'_, V>, limit: usize) -> Result<Vec<Id>, Halt> {
    let ready = read.index(Index::Ready, None, limit)?;
    Ok(ready.into_iter().filter_map(|key| if let Key::Ready(effect) = key { Some(effect) } else { None }).collect())
}

/// When the first lease is over, milliseconds since 1970: a host wakes a runtime then.
pub fn next_expiry<V: Lookup>(read: &Reader<'_, V>) -> Result<Option<u64>, Halt> {
    match read.index(Index::Expiry, None, 1)?.first() {
        Some(Key::Expiry(at, _)) => Ok(Some(*at)),
        _ => Ok(None),
    }
}

/// When the last lease is over, milliseconds since 1970: nobody holds one then.
pub fn last_expiry<V: Lookup>(read: &Reader<'_, V>) -> Result<Option<u64>, Halt> {
    let (mut last, mut after) = (None, None);
    loop {
        let leases = read.index(Index::Expiry, after.as_ref(), RANGE_MAX)?;
        if let Some(Key::Expiry(at, _)) = leases.last() {
            last = Some(*at);
        }
        if leases.len() < RANGE_MAX {
            return Ok(last);
        }
        after = leases.last().copied();
    }
}

/// When the next timer is due, milliseconds since 1970.
pub fn next_due<V: Lookup>(read: &Reader<'_, V>) -> Result<Option<u64>, Halt> {
    match read.index(Index::Due, None, 1)?.first() {
        Some(Key::Due(at, _)) => Ok(Some(*at)),
        _ => Ok(None),
    }
}

/// What a runtime has to do, content opened.
#[derive(Debug, Clone)]
pub enum Work {
    /// Call a model.
    Model(Box<ModelCall>),
    /// Use a capability.
    Capability(CapabilityUse),
    /// Tell somebody that a person is waited for.
    Notice(Notice),
    /// There is nothing to do any more: its key was destroyed, or somebody decided already. Names the task.
    Moot(Id),
}

/// A model call.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// The task it belongs to.
    pub task: Id,
    /// Name of the wire dialect.
    pub dialect: String,
    /// Where the provider is reached.
    pub base_url: String,
    /// The vendor's name of the model.
    pub model: String,
    /// Reference to the key.
    pub key_ref: Option<String>,
    /// How long the call may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Whether conversation and key may travel in clear to another machine.
    pub allow_plain_http: bool,
    /// Addresses that are not public and may be reached all the same.
    pub private: Vec<String>,
    /// What the model is told.
    pub told: Told,
}

/// The use of a capability.
#[derive(Debug, Clone)]
pub struct CapabilityUse {
    /// The task it belongs to.
    pub task: Id,
    /// The capability.
    pub capability: String,
    /// What it is given.
    pub arguments: Value,
    /// The rules of the egress broker: `hosts` and `private`.
    pub egress: Value,
}

/// Somebody is to be told that a person is waited for.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The task that waits.
    pub task: Id,
    /// The approval.
    pub approval: Id,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// Hash over what is to be decided.
    pub digest: HashText,
    /// What a person is asked.
    pub question: Option<String>,
    /// What is to be approved.
    pub value: Option<Value>,
    /// Who is told, when nobody decided in time.
    pub escalated_to: Option<String>,
}

/// What `effect` is about; none when there is no such effect.
pub fn work<V: View>(read: &Reader<'_, V>, effect: Id) -> Result<Option<Work>, Halt> {
    let Some(row) = read.data::<Effect>(Key::Effect(effect))? else { return Ok(None) };
    if let Some(step) = *row.step {
        return model_call(read, step);
    }
    if let Some(call) = *row.call {
        return capability_use(read, call);
    }
    row.approval.map_or(Ok(None), |approval| notice(read, approval))
}

/// The task that `effect` belongs to.
pub fn task_of<V: Lookup>(read: &Reader<'_, V>, effect: &Effect) -> Result<Option<Id>, Halt> {
    if let Some(step) = *effect.step {
        return Ok(read.data::<Step>(Key::Step(step))?.map(|step| *step.task));
    }
    if let Some(call) = *effect.call {
        return Ok(read.data::<Call>(Key::Call(call))?.map(|call| *call.task));
    }
    match *effect.approval {
        Some(approval) => Ok(read.control::<Approval>(Key::Approval(approval))?.map(|approval| *approval.task)),
        None => Ok(None),
    }
}

fn model_call<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<Work>, Halt> {
    let Some(step) = read.data::<Step>(Key::Step(id))? else { return Ok(None) };
    let Some(agent) = read.data::<Agent>(Key::Agent(*step.agent))? else { return Ok(None) };
    let Some(provider) = read.data::<Provider>(Key::Provider(*agent.provider))? else { return Ok(None) };
    let Some(told) = told(read, step, agent, *step.turn)? else { return Ok(Some(Work::Moot(*step.task))) };
    Ok(Some(Work::Model(Box::new(ModelCall {
        task: *step.task,
        dialect: provider.dialect.0.clone(),
        base_url: text(read, provider.base_url.as_ref())?.unwrap_or_default(),
        model: text(read, provider.model.as_ref())?.unwrap_or_default(),
        key_ref: text(read, provider.key_ref.as_ref())?,
        timeout_ms: *provider.timeout_ms,
        allow_plain_http: *provider.allow_plain_http,
        private: granted(read)?,
        told,
    }))))
}

/// The addresses that are not public and that the rules for the way out grant. Rules whose key is gone grant nothing.
fn granted<V: View>(read: &Reader<'_, V>) -> Result<Vec<String>, Halt> {
    let ranges = rules(read)?.and_then(|mut rules| rules.get_mut("private").map(Value::take));
    Ok(ranges.and_then(|ranges| serde_json::from_value(ranges).ok()).unwrap_or_default())
}

/// The rules for the way out.
fn rules<V: View>(read: &Reader<'_, V>) -> Result<Option<Value>, Halt> {
    let rules = read.control::<Egress>(Key::Egress)?.and_then(|egress| egress.rules.0.as_ref());
    json(read, rules)
}

fn capability_use<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<Work>, Halt> {
    let Some(call) = read.data::<Call>(Key::Call(id))? else { return Ok(None) };
    let Some(arguments) = json(read, call.arguments.as_ref())? else { return Ok(Some(Work::Moot(*call.task))) };
    Ok(Some(Work::Capability(CapabilityUse {
        task: *call.task,
        capability: call.capability.0.clone(),
        arguments,
        egress: rules(read)?.unwrap_or_default(),
    })))
}

fn notice<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<Work>, Halt> {
    let Some(approval) = read.control::<Approval>(Key::Approval(id))? else { return Ok(None) };
    if approval.decision.is_some() {
        return Ok(Some(Work::Moot(*approval.task)));
    }
    let shown = (text(read, approval.question.as_ref())?, text(read, approval.value.as_ref())?);
    if shown == (None, None) {
        return Ok(Some(Work::Moot(*approval.task)));
    }
    let to = text(read, approval.escalates_to.as_ref())?;
    Ok(Some(Work::Notice(Notice {
        task: *approval.task,
        approval: id,
        kind: *approval.kind,
        digest: *approval.digest,
        question: text(read, approval.question.as_ref())?,
        value: json(read, approval.value.as_ref())?,
        escalated_to: to.filter(|_| *approval.escalated),
    })))
}

fn text<V: View>(read: &Reader<'_, V>, content: Option<&Content>) -> Result<Option<String>, Halt> {
    let Some(content) = content else { return Ok(None) };
    Ok(read.view().open(content)?.map(|text| text.to_string()))
}

fn json<V: View>(read: &Reader<'_, V>, content: Option<&Content>) -> Result<Option<Value>, Halt> {
    Ok(text(read, content)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Entities whose content goes into the work that `effect` is.
pub(crate) fn context_keys<V: Lookup>(read: &Reader<'_, V>, effect: Id) -> Result<Vec<Key>, Halt> {
    let Some(effect) = read.data::<Effect>(Key::Effect(effect))? else { return Ok(Vec::new()) };
    if let Some(call) = *effect.call {
        return Ok(vec![Key::Call(call)]);
    }
    let Some(id) = *effect.step else { return Ok(Vec::new()) };
    let Some(step) = read.data::<Step>(Key::Step(id))? else { return Ok(Vec::new()) };
    let mut keys = vec![Key::Agent(*step.agent), Key::Step(id)];
    for id in turns(read, *step.turn)? {
        let Some(turn) = read.data::<Turn>(Key::Turn(id))? else { break };
        keys.push(Key::Turn(id));
        keys.extend(turn.calls.iter().map(|call| Key::Call(*call)));
    }
    keys.extend(answered(read, conversation_before(step))?.into_iter().map(|(id, _)| Key::Step(id)));
    Ok(keys)
}
