//! What a model is told in a step: compiled from the log, now or long after.
//!
//! A step is a row of model calls. What the n-th turn is told depends on the n-1 turns before it and on nothing else, so
//! it can be compiled again whenever somebody wants to see it.

use super::{json, text};
use crate::capability::{self, Capability};
use crate::context::{Conversation, Exchange, Message, TOKENS_USUALLY, ToolResult, compile, estimate};
use crate::entity::{Agent, Call, Step, Turn};
use crate::id::Id;
use crate::key::Key;
use crate::view::{Found, Halt, Lookup, Reader, View, resolve};
use serde_json::Value;

/// How many steps back a conversation is told to a model.
pub const CONTEXT_STEPS_MAX: usize = 64;

/// How many steps are looked at for that: failed ones are passed over, but not without end.
const CONTEXT_LOOK_MAX: usize = 4 * CONTEXT_STEPS_MAX;

/// Turns of a step that are looked at; more than any limit allows.
const TURNS_LOOK_MAX: usize = 1_024;

/// What a model is told, all together.
#[derive(Debug, Clone)]
pub struct Told {
    /// The messages.
    pub messages: Vec<Message>,
    /// What it may ask for.
    pub tools: Vec<&'static Capability>,
    /// JSON Schema of the answer.
    pub schema: Option<Value>,
    /// Most tokens the answer may have.
    pub max_tokens: Option<u64>,
    /// Tokens of the messages, as they are estimated.
    pub tokens: u64,
    /// Tokens they may have.
    pub budget: u64,
}

/// What a model was told in one turn of a step.
#[derive(Debug, Clone)]
pub struct TurnContext {
    /// The task.
    pub task: Id,
    /// Which turn, counted from 1. A call that was made again for a failed one is of the same turn.
    pub turn: u64,
    /// How many turns the model was asked for so far.
    pub turns: u64,
    /// What it was told; none when the key of it was destroyed.
    pub told: Option<Told>,
}

/// What the model was told in a turn of `step`, or in the newest; none when there is no such step or turn.
pub fn turn_context<V: View>(read: &Reader<'_, V>, step: Id, turn: Option<u64>) -> Result<Option<TurnContext>, Halt> {
    let Some(row) = read.data::<Step>(Key::Step(step))? else { return Ok(None) };
    let Some(agent) = read.data::<Agent>(Key::Agent(*row.agent))? else { return Ok(None) };
    let answered = turns(read, *row.turn)?;
    let turns = asked(read, row, answered.len())?;
    let turn = turn.unwrap_or(turns);
    if turn == 0 || turn > turns {
        return Ok(None);
    }
    // The turns are newest first; those before the wanted one are the last of them.
    let before = usize::try_from(turn).unwrap_or(usize::MAX).saturating_sub(1);
    let newest = before.checked_sub(1).and_then(|nth| answered.iter().rev().nth(nth).copied());
    Ok(Some(TurnContext { task: *row.task, turn, turns, told: told(read, row, agent, newest)? }))
}

/// How many turns the model was asked for: those it answered, and one more when it was asked since.
fn asked<V: Lookup>(read: &Reader<'_, V>, step: &Step, answered: usize) -> Result<u64, Halt> {
    let since = |key: Key| Ok::<_, Halt>(found(read, key)?.map(|found| found.since));
    let waits_for_tools = match *step.turn {
        // The newest effect was settled by the very event that brought the newest turn.
        Some(turn) => since(Key::Effect(*step.effect))? == since(Key::Turn(turn))?,
        None => false,
    };
    Ok(answered as u64 + u64::from(!waits_for_tools))
}

fn found<'a, V: Lookup>(read: &Reader<'a, V>, key: Key) -> Result<Option<Found<'a>>, Halt> {
    resolve(read.view(), read.line(), &key).map_err(Halt::Load)
}

/// What the model is told after the turn `newest`; none when its key was destroyed.
pub(super) fn told<V: View>(
    read: &Reader<'_, V>,
    step: &Step,
    agent: &Agent,
    newest: Option<Id>,
) -> Result<Option<Told>, Halt> {
    let Some(prompt) = text(read, step.prompt.as_ref())? else { return Ok(None) };
    let conversation = Conversation {
        instructions: text(read, agent.instructions.0.as_ref())?,
        earlier: earlier(read, conversation_before(step))?,
        prompt,
        exchanges: exchanges(read, newest)?,
    };
    let budget = agent.context_tokens.unwrap_or(TOKENS_USUALLY);
    let messages = compile(&conversation, budget);
    Ok(Some(Told {
        tokens: estimate(&messages),
        messages,
        tools: agent.tools.iter().filter_map(|name| capability::find(name)).filter(|it| it.is_tool).collect(),
        schema: json(read, step.schema.as_ref().or(agent.schema.as_ref()))?,
        max_tokens: *step.max_tokens,
        budget,
    }))
}

/// The step that a conversation goes on from. What an agent is asked by a call begins one of its own.
pub(super) fn conversation_before(step: &Step) -> Option<Id> {
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

/// What the model said in a step up to `newest`, oldest first.
fn exchanges<V: View>(read: &Reader<'_, V>, newest: Option<Id>) -> Result<Vec<Exchange>, Halt> {
    let mut exchanges = Vec::new();
    for id in turns(read, newest)?.into_iter().rev() {
        let Some(turn) = read.data::<Turn>(Key::Turn(id))? else { break };
        let mut tools = Vec::new();
        for call in turn.calls.iter() {
            tools.extend(tool_result(read, *call)?);
        }
        let remark = text(read, turn.remark.as_ref())?;
        exchanges.push(Exchange { text: text(read, turn.text.as_ref())?.unwrap_or_default(), tools, remark });
    }
    Ok(exchanges)
}

/// The turns of a step up to `newest`, newest first.
pub(super) fn turns<V: Lookup>(read: &Reader<'_, V>, newest: Option<Id>) -> Result<Vec<Id>, Halt> {
    let mut turns = Vec::new();
    let mut next = newest;
    while let Some(id) = next
        && turns.len() < TURNS_LOOK_MAX
    {
        let Some(turn) = read.data::<Turn>(Key::Turn(id))? else { break };
        turns.push(id);
        next = *turn.previous;
    }
    Ok(turns)
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

/// The steps from `newest` back that were answered, newest first.
pub(super) fn answered<'a, V: Lookup>(read: &Reader<'a, V>, newest: Option<Id>) -> Result<Vec<(Id, &'a Step)>, Halt> {
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
