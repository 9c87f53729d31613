//! `effects(state)`: what the outside world still owes us, and what a runtime needs to get it.

use crate::capability::{self, Capability};
use crate::context::{Conversation, Exchange, Message, TOKENS_USUALLY, ToolResult, compile};
use crate::entity::{Agent, Approval, ApprovalKind, Call, Effect, Egress, Provider, Step, Turn};
use crate::hash::HashText;
use crate::id::Id;
use crate::key::{Index, Key};
use crate::seal::Content;
use crate::view::{Halt, Lookup, Reader, View};
use serde_json::Value;

/// How many steps back a conversation is told to a model.
pub const CONTEXT_STEPS_MAX: usize = 64;

/// How many steps are looked at for that: failed ones are passed over, but not without end.
const CONTEXT_LOOK_MAX: usize = 4 * CONTEXT_STEPS_MAX;

/// Turns of a step that are looked at; more than any limit allows.
const TURNS_LOOK_MAX: usize = 1_024;

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
    /// What the model is told.
    pub messages: Vec<Message>,
    /// What it may ask for.
    pub tools: Vec<&'static Capability>,
    /// JSON Schema of the answer.
    pub schema: Option<Value>,
    /// Most tokens the answer may have.
    pub max_tokens: Option<u64>,
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
    let Some(prompt) = text(read, step.prompt.as_ref())? else { return Ok(Some(Work::Moot(*step.task))) };
    let conversation = Conversation {
        instructions: text(read, agent.instructions.0.as_ref())?,
        earlier: earlier(read, conversation_before(step))?,
        prompt,
        exchanges: exchanges(read, *step.turn)?,
    };
    let schema = text(read, step.schema.as_ref().or(agent.schema.as_ref()))?;
    Ok(Some(Work::Model(Box::new(ModelCall {
        task: *step.task,
        dialect: provider.dialect.0.clone(),
        base_url: text(read, provider.base_url.as_ref())?.unwrap_or_default(),
        model: text(read, provider.model.as_ref())?.unwrap_or_default(),
        key_ref: text(read, provider.key_ref.as_ref())?,
        timeout_ms: *provider.timeout_ms,
        allow_plain_http: *provider.allow_plain_http,
        messages: compile(&conversation, agent.context_tokens.unwrap_or(TOKENS_USUALLY)),
        tools: agent.tools.iter().filter_map(|name| capability::find(name)).filter(|it| it.is_tool).collect(),
        schema: schema.and_then(|schema| serde_json::from_str(&schema).ok()),
        max_tokens: *step.max_tokens,
    }))))
}

fn capability_use<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<Work>, Halt> {
    let Some(call) = read.data::<Call>(Key::Call(id))? else { return Ok(None) };
    let Some(arguments) = json(read, call.arguments.as_ref())? else { return Ok(Some(Work::Moot(*call.task))) };
    let egress = read.control::<Egress>(Key::Egress)?.and_then(|egress| egress.rules.0.clone());
    Ok(Some(Work::Capability(CapabilityUse {
        task: *call.task,
        capability: call.capability.0.clone(),
        arguments,
        egress: json(read, egress.as_ref())?.unwrap_or_default(),
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

/// The step that a conversation goes on from. What an agent is asked by a call begins one of its own.
fn conversation_before(step: &Step) -> Option<Id> {
    if step.call.is_some() { None } else { *step.previous }
}

/// Questions and answers before a step, oldest first. What cannot be read any more is passed over.
fn earlier<V: View>(read: &Reader<'_, V>, previous: Option<Id>) -> Result<Vec<(String, Option<String>)>, Halt> {
    let mut told = Vec::new();
    for (_, step) in answered(read, previous)? {
        let Some(prompt) = text(read, step.prompt.as_ref())? else { continue };
        told.push((prompt, text(read, step.answer.as_ref())?));
    }
    told.reverse();
    Ok(told)
}

/// What the model said in a step so far, oldest first.
fn exchanges<V: View>(read: &Reader<'_, V>, newest: Option<Id>) -> Result<Vec<Exchange>, Halt> {
    let mut exchanges = Vec::new();
    let mut next = newest;
    while let Some(id) = next
        && exchanges.len() < TURNS_LOOK_MAX
    {
        let Some(turn) = read.data::<Turn>(Key::Turn(id))? else { break };
        let mut tools = Vec::new();
        for call in turn.calls.iter() {
            tools.extend(tool_result(read, *call)?);
        }
        let remark = text(read, turn.remark.as_ref())?;
        exchanges.push(Exchange { text: text(read, turn.text.as_ref())?.unwrap_or_default(), tools, remark });
        next = *turn.previous;
    }
    exchanges.reverse();
    Ok(exchanges)
}

fn tool_result<V: View>(read: &Reader<'_, V>, id: Id) -> Result<Option<ToolResult>, Halt> {
    let Some(call) = read.data::<Call>(Key::Call(id))? else { return Ok(None) };
    let failure = match call.failure.as_ref() {
        Some(failure) => {
            let detail = text(read, Some(&failure.detail))?.unwrap_or_default();
            Some(format!("error ({}): {detail}", failure.class))
        }
        None => None,
    };
    Ok(Some(ToolResult {
        id: text(read, call.tool.as_ref())?.unwrap_or_else(|| id.to_string()),
        name: call.capability.0.clone(),
        arguments: text(read, call.arguments.as_ref())?.unwrap_or_default(),
        result: text(read, call.result.as_ref())?.or(failure).unwrap_or_default(),
    }))
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
    let mut next = *step.turn;
    while let Some(id) = next
        && keys.len() < TURNS_LOOK_MAX
    {
        let Some(turn) = read.data::<Turn>(Key::Turn(id))? else { break };
        keys.push(Key::Turn(id));
        keys.extend(turn.calls.iter().map(|call| Key::Call(*call)));
        next = *turn.previous;
    }
    keys.extend(answered(read, conversation_before(step))?.into_iter().map(|(id, _)| Key::Step(id)));
    Ok(keys)
}

/// The steps from `newest` back that were answered, newest first.
fn answered<'a, V: Lookup>(read: &Reader<'a, V>, newest: Option<Id>) -> Result<Vec<(Id, &'a Step)>, Halt> {
    let mut steps = Vec::new();
    let mut next = newest;
    for _ in 0..CONTEXT_LOOK_MAX {
        let Some(id) = next.filter(|_| steps.len() + 1 < CONTEXT_STEPS_MAX) else { break };
        let Some(step) = read.data::<Step>(Key::Step(id))? else { break };
        if step.answer.is_some() {
            steps.push((id, step));
        }
        next = *step.previous;
    }
    Ok(steps)
}
