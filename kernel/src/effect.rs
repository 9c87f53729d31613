//! `effects(state)`: what the outside world still owes us, and what a runtime needs to get it.

use crate::entity::{Agent, Effect, Provider, Step};
use crate::id::Id;
use crate::key::{Index, Key};
use crate::seal::Content;
use crate::view::{Halt, Reader, View};

/// How many steps back a conversation is told to a model.
pub const CONTEXT_STEPS_MAX: usize = 64;

/// Effects that wait for a runtime, oldest id first; those whose lease is over come with the next lease.
pub fn effects<V: View>(read: &Reader<'_, V>, limit: usize) -> Result<Vec<Id>, Halt> {
    let ready = read.index(Index::Ready, None, limit)?;
    Ok(ready.into_iter().filter_map(|key| if let Key::Ready(effect) = key { Some(effect) } else { None }).collect())
}

/// When the first lease is over, milliseconds since 1970: a host wakes a runtime then.
pub fn next_expiry<V: View>(read: &Reader<'_, V>) -> Result<Option<u64>, Halt> {
    match read.index(Index::Expiry, None, 1)?.first() {
        Some(Key::Expiry(at, _)) => Ok(Some(*at)),
        _ => Ok(None),
    }
}

/// How many steps are looked at for that: failed ones are passed over, but not without end.
const CONTEXT_LOOK_MAX: usize = 4 * CONTEXT_STEPS_MAX;

/// A model call as the log says it, content still sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The task it belongs to.
    pub task: Id,
    /// The step that waits for it.
    pub step: Id,
    /// Name of the wire dialect.
    pub dialect: String,
    /// Where the provider is reached.
    pub base_url: Option<Content>,
    /// The vendor's name of the model.
    pub model: Option<Content>,
    /// Reference to the key.
    pub key_ref: Option<Content>,
    /// What the agent is told first.
    pub instructions: Option<Content>,
    /// Questions and answers, oldest first; the last question has no answer.
    pub turns: Vec<(Content, Option<Content>)>,
    /// Most tokens the answer may have.
    pub max_tokens: Option<u64>,
}

/// The model call that `effect` is.
pub fn call<V: View>(read: &Reader<'_, V>, effect: Id) -> Result<Option<Call>, Halt> {
    let Some(effect) = read.data::<Effect>(Key::Effect(effect))? else { return Ok(None) };
    let Some(step) = read.data::<Step>(Key::Step(*effect.step))? else { return Ok(None) };
    let Some(agent) = read.data::<Agent>(Key::Agent(*step.agent))? else { return Ok(None) };
    let Some(provider) = read.data::<Provider>(Key::Provider(*agent.provider))? else { return Ok(None) };
    let mut turns = Vec::new();
    for (_, step) in conversation(read, *effect.step)? {
        let Some(prompt) = step.prompt.0.clone() else { continue };
        turns.push((prompt, step.answer.0.clone()));
    }
    turns.reverse();
    Ok(Some(Call {
        task: *step.task,
        step: *effect.step,
        dialect: provider.dialect.0.clone(),
        base_url: provider.base_url.0.clone(),
        model: provider.model.0.clone(),
        key_ref: provider.key_ref.0.clone(),
        instructions: agent.instructions.0.clone(),
        turns,
        max_tokens: *step.max_tokens,
    }))
}

/// Entities whose content goes into the call that `effect` is.
pub(crate) fn context_keys<V: View>(read: &Reader<'_, V>, effect: Id) -> Result<Vec<Key>, Halt> {
    let Some(effect) = read.data::<Effect>(Key::Effect(effect))? else { return Ok(Vec::new()) };
    let Some(step) = read.data::<Step>(Key::Step(*effect.step))? else { return Ok(Vec::new()) };
    let mut keys = vec![Key::Agent(*step.agent)];
    keys.extend(conversation(read, *effect.step)?.into_iter().map(|(id, _)| Key::Step(id)));
    Ok(keys)
}

/// The step and those before it that were answered, newest first.
fn conversation<'a, V: View>(read: &Reader<'a, V>, newest: Id) -> Result<Vec<(Id, &'a Step)>, Halt> {
    let mut steps = Vec::new();
    let mut next = Some(newest);
    for _ in 0..CONTEXT_LOOK_MAX {
        let Some(id) = next.filter(|_| steps.len() < CONTEXT_STEPS_MAX) else { break };
        let Some(step) = read.data::<Step>(Key::Step(id))? else { break };
        if id == newest || step.answer.is_some() {
            steps.push((id, step));
        }
        next = *step.previous;
    }
    Ok(steps)
}
