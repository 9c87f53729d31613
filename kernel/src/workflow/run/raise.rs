//! An error: who catches it, whether its list is tried again, or that nobody does.

use super::scope::{Evaluated, Scope};
use super::{Frame, Move, Next, Phase, RunError, Values};
use crate::seal::Content;
use crate::view::Halt;
use crate::workflow::{Backoff, NodeKind, Retry, Try};
use serde_json::Value;

impl<V: Values> Scope<'_, V> {
    /// An error happened at the task `id`.
    pub fn raise(&self, error: RunError, id: u32) -> Result<Next, Halt> {
        let error = self.at(self.definition.nodes.get(id as usize), error);
        self.raise_within(error, self.position.frames.len())
    }

    /// An error happened; only the outermost `frames` tasks that were begun may catch it.
    pub fn raise_within(&self, error: RunError, frames: usize) -> Result<Next, Halt> {
        for place in (0..frames).rev() {
            let Some(frame) = self.position.frames.get(place) else { continue };
            let NodeKind::Try(guard) = &self.node(frame.node)?.kind else { continue };
            // What is done about an error does not catch its own.
            if frame.phase == Phase::Handler {
                continue;
            }
            match self.is_caught(guard, frame, &error)? {
                Ok(true) => return self.caught(guard, frame, place, error),
                Ok(false) => {}
                Err(worse) => return self.raise_within(worse, place),
            }
        }
        Ok(Next::Failed(error))
    }

    fn is_caught(&self, guard: &Try, frame: &Frame, error: &RunError) -> Evaluated<bool> {
        let value = error.value();
        if !guard.with.iter().all(|(name, wanted)| value.get(name) == Some(wanted)) {
            return Ok(Ok(false));
        }
        let input = self.open(frame.input.as_ref())?;
        let node = self.node(frame.node)?;
        let more = [(guard.variable.as_str(), &value)];
        for (template, wanted) in
            guard.when.iter().map(|it| (it, true)).chain(guard.except_when.iter().map(|it| (it, false)))
        {
            match self.evaluate_with(template, &input, &input, Some(node), &more)? {
                Ok(result) if matches!(result, Value::Bool(false) | Value::Null) == wanted => return Ok(Ok(false)),
                Ok(_) => {}
                Err(worse) => return Ok(Err(worse)),
            }
        }
        Ok(Ok(true))
    }

    fn caught(&self, guard: &Try, frame: &Frame, place: usize, error: RunError) -> Result<Next, Halt> {
        let frames = (self.position.frames.len() - place - 1) as u32;
        let value = error.value();
        if let Some(delay_ms) = guard.retry.as_ref().and_then(|retry| self.delay_ms(retry, frame))
            && let Some(first) = guard.body.first()
        {
            let (node, at_ms, next) = (frame.node, self.facts.now_ms, *first);
            let error = Content::plain(value.to_string());
            let step = Move::Retrying { node, at_ms, frames, next, error };
            return Ok(Next::Wait { step, until_ms: self.facts.now_ms.saturating_add(delay_ms) });
        }
        if let Some(first) = guard.handler.first() {
            let error = Content::plain(value.to_string());
            return Ok(Next::Move(Move::Caught { node: frame.node, frames, next: *first, error }));
        }
        // Nothing is to be done about it: the list's input is what came of it.
        let input = self.open(frame.input.as_ref())?;
        self.leave(frame.node, frames + 1, &input, super::leave::Came::Value((*input).clone()), None)
    }

    /// How long to wait before the list is tried again; none when it is not.
    fn delay_ms(&self, retry: &Retry, frame: &Frame) -> Option<u64> {
        if retry.attempts.is_some_and(|most| frame.tries >= most) {
            return None;
        }
        let first = if frame.failed_ms == 0 { self.facts.now_ms } else { frame.failed_ms };
        if retry.duration_ms.is_some_and(|most| self.facts.now_ms.saturating_sub(first) >= most) {
            return None;
        }
        let grown = match retry.backoff {
            Backoff::Constant => retry.delay_ms,
            Backoff::Linear => retry.delay_ms.saturating_mul(u64::from(frame.tries) + 1),
            Backoff::Exponential => retry.delay_ms.saturating_mul(1u64.checked_shl(frame.tries).unwrap_or(u64::MAX)),
        };
        let jitter = retry.jitter_ms.map_or(0, |(from, to)| from + self.facts.seed % (to.saturating_sub(from) + 1));
        Some(grown.saturating_add(jitter))
    }
}
