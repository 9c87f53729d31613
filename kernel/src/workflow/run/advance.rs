//! One step of a run.

use super::leave::Came;
use super::scope::Scope;
use super::time::{Late, late};
use super::{FRAMES_MAX, Facts, Frame, ITEMS_MAX, Move, Next, Phase, Position, RunError, Values};
use crate::schema::Schema;
use crate::seal::Content;
use crate::view::Halt;
use crate::workflow::{Case, Definition, Duration, For, Node, NodeKind, Then, milliseconds};
use serde_json::Value;

/// What happens next to a run that waits for nothing.
pub fn next(definition: &Definition, position: &Position, facts: &Facts, values: &impl Values) -> Result<Next, Halt> {
    let scope = Scope { definition, position, facts, values };
    if position.is_blocked() {
        return Err(Halt::Broken("a run that waits was asked to go on".to_owned()));
    }
    if let Some(late) = late(definition, position, facts) {
        return scope.too_late(late);
    }
    if !position.begun {
        return scope.begin();
    }
    match position.next {
        Some(id) => scope.start(id),
        None => scope.list_is_done(),
    }
}

/// What happens next to a run that waited, now that there is an outcome. That of a wait is not looked at.
pub fn resumed(
    definition: &Definition,
    position: &Position,
    facts: &Facts,
    values: &impl Values,
    outcome: Result<Value, RunError>,
) -> Result<Next, Halt> {
    let scope = Scope { definition, position, facts, values };
    let Some(frame) = position.frames.last().filter(|_| position.is_blocked()) else {
        return Err(Halt::Broken("an outcome came to a run that waits for none".to_owned()));
    };
    if let Some(late) = late(definition, position, facts) {
        return scope.too_late(late);
    }
    if frame.phase == Phase::Backoff {
        return Ok(Next::Move(Move::Retried { node: frame.node }));
    }
    let input = scope.open(frame.input.as_ref())?;
    let waits = matches!(scope.node(frame.node)?.kind, NodeKind::Wait(_));
    match outcome {
        Err(error) => scope.raise(error, frame.node),
        Ok(_) if waits => scope.leave(frame.node, 1, &input, Came::Value((*input).clone()), None),
        Ok(value) => scope.leave(frame.node, 1, &input, Came::Value(value), None),
    }
}

impl<V: Values> Scope<'_, V> {
    fn too_late(&self, late: Late) -> Result<Next, Halt> {
        let error = |what: &str| RunError::standard("timeout", 408, "timeout", format!("{what} took too long"));
        match late {
            Late::Run => Ok(Next::Failed(error("the workflow"))),
            Late::Task(place) => {
                let node = match self.position.frames.get(place) {
                    Some(frame) => Some(self.node(frame.node)?),
                    None => None,
                };
                self.raise_within(self.at(node, error("the task")), place)
            }
        }
    }

    /// The workflow's own input: checked, then prepared.
    fn begin(&self) -> Result<Next, Halt> {
        let input = self.open(self.position.input.as_ref())?;
        if let Some(error) = violation(self.definition.input_schema.as_ref(), &input, "input") {
            return Ok(Next::Failed(error));
        }
        let value = match &self.definition.input_from {
            None => None,
            Some(template) => match self.evaluate(template, &input, &input, None)? {
                Ok(value) => Some(Content::plain(value.to_string())),
                Err(error) => return Ok(Next::Failed(error)),
            },
        };
        Ok(Next::Move(Move::Begun { next: self.definition.top.first().copied(), value }))
    }

    /// Begin a task.
    fn start(&self, id: u32) -> Result<Next, Halt> {
        let node = self.node(id)?;
        let raw = self.open(self.position.current.as_ref())?;
        if let Some(condition) = &node.condition {
            match self.holds(condition, &raw, &raw, node)? {
                Ok(true) => {}
                Ok(false) => return Ok(self.skip(id, node)),
                Err(error) => return self.raise(error, id),
            }
        }
        let prepared = match &node.input_from {
            None => None,
            Some(template) => match self.evaluate(template, &raw, &raw, Some(node))? {
                Ok(value) => Some(value),
                Err(error) => return self.raise(error, id),
            },
        };
        if self.position.frames.len() >= FRAMES_MAX {
            let detail = format!("tasks are nested deeper than {FRAMES_MAX}");
            return self.raise(RunError::standard("runtime", 500, "too_deep", detail), id);
        }
        self.perform(id, node, prepared.as_ref().unwrap_or(&raw), prepared.is_some())
    }

    /// Do what the task is for; `input` is new when it was prepared.
    fn perform(&self, id: u32, node: &Node, input: &Value, is_new: bool) -> Result<Next, Halt> {
        let value = is_new.then(|| Content::plain(input.to_string()));
        let at_ms = self.facts.now_ms;
        match &node.kind {
            NodeKind::Set(template) => match self.evaluate(template, input, input, Some(node))? {
                Ok(set) => self.leave(id, 0, input, Came::Value(set), None),
                Err(error) => self.raise(error, id),
            },
            NodeKind::Switch(cases) => self.switch(id, node, cases, input, is_new),
            NodeKind::Raise(template) => match self.evaluate(template, input, input, Some(node))? {
                Ok(error) => self.raise(RunError::described(&error), id),
                Err(error) => self.raise(error, id),
            },
            NodeKind::Do(body) => {
                let next = body.first().copied();
                Ok(Next::Move(Move::Entered { node: id, at_ms, next, count: 0, value, items: None }))
            }
            NodeKind::Try(it) => {
                let next = it.body.first().copied();
                Ok(Next::Move(Move::Entered { node: id, at_ms, next, count: 0, value, items: None }))
            }
            NodeKind::For(it) => self.begin_loop(id, node, it, input, value),
            NodeKind::Wait(length) => self.wait(id, node, length, input, value),
            NodeKind::Call { capability, with } => match self.evaluate(with, input, input, Some(node))? {
                Ok(arguments) => {
                    let step = Move::Blocked { node: id, at_ms, value };
                    Ok(Next::Call { step, node: id, capability: capability.clone(), arguments })
                }
                Err(error) => self.raise(error, id),
            },
        }
    }

    fn switch(&self, id: u32, node: &Node, cases: &[Case], input: &Value, is_new: bool) -> Result<Next, Halt> {
        let mut then = None;
        for case in cases {
            let holds = match &case.when {
                None => Ok(true),
                Some(template) => self.holds(template, input, input, node)?,
            };
            match holds {
                Ok(false) => {}
                Ok(true) => {
                    then = Some(case.then);
                    break;
                }
                Err(error) => return self.raise(error, id),
            }
        }
        let came = if is_new { Came::Value(input.clone()) } else { Came::AsItFlows };
        self.leave(id, 0, input, came, then.filter(|then| *then != Then::Continue))
    }

    fn wait(
        &self,
        id: u32,
        node: &Node,
        length: &Duration,
        input: &Value,
        value: Option<Content>,
    ) -> Result<Next, Halt> {
        let ms = match length {
            Duration::Ms(ms) => *ms,
            Duration::Computed(template) => {
                let computed = match self.evaluate(template, input, input, Some(node))? {
                    Ok(computed) => computed,
                    Err(error) => return self.raise(error, id),
                };
                match milliseconds(&computed) {
                    Ok(ms) => ms,
                    Err(why) => return self.raise(RunError::standard("expression", 400, "bad_duration", why), id),
                }
            }
        };
        let at_ms = self.facts.now_ms;
        Ok(Next::Wait { step: Move::Blocked { node: id, at_ms, value }, until_ms: at_ms.saturating_add(ms) })
    }

    fn begin_loop(&self, id: u32, node: &Node, it: &For, input: &Value, value: Option<Content>) -> Result<Next, Halt> {
        let items = match self.evaluate(&it.items, input, input, Some(node))? {
            Ok(items) => items,
            Err(error) => return self.raise(error, id),
        };
        let count = match items.as_array() {
            Some(items) if items.len() <= ITEMS_MAX => items.len() as u32,
            Some(items) => {
                let detail = format!("{} items; at most {ITEMS_MAX} are gone through", items.len());
                return self.raise(RunError::standard("runtime", 413, "too_many_items", detail), id);
            }
            None => {
                let detail = "`for.in` is not an array".to_owned();
                return self.raise(RunError::standard("expression", 400, "not_an_array", detail), id);
            }
        };
        let (Some(first), true) = (it.body.first(), count > 0) else {
            let came = if value.is_some() { Came::Value(input.clone()) } else { Came::AsItFlows };
            return self.leave(id, 0, input, came, None);
        };
        // A loop with a condition begins before its first item, so that the condition is asked with the item bound.
        let next = it.condition.is_none().then_some(*first);
        let items = Some(Content::plain(items.to_string()));
        Ok(Next::Move(Move::Entered { node: id, at_ms: self.facts.now_ms, next, count, value, items }))
    }

    /// The innermost list is done.
    fn list_is_done(&self) -> Result<Next, Halt> {
        let Some(frame) = self.position.frames.last() else { return self.finish() };
        let node = self.node(frame.node)?;
        if let NodeKind::For(it) = &node.kind
            && let Some(next) = self.next_turn(frame, node, it)?
        {
            return Ok(next);
        }
        let input = self.open(frame.input.as_ref())?;
        self.leave(frame.node, 1, &input, Came::AsItFlows, None)
    }

    /// The next turn of a loop, if there is one.
    fn next_turn(&self, frame: &Frame, node: &Node, it: &For) -> Result<Option<Next>, Halt> {
        let index = if frame.before { 0 } else { frame.index + 1 };
        let Some(first) = it.body.first().filter(|_| index < frame.count) else { return Ok(None) };
        let step = Move::Iterated { node: frame.node, index, next: *first };
        let Some(condition) = &it.condition else { return Ok(Some(Next::Move(step))) };
        let mut ahead = self.position.clone();
        ahead.apply(&step, 0);
        let scope = Scope { position: &ahead, ..*self };
        let (value, input) = (self.open(self.position.current.as_ref())?, self.open(frame.input.as_ref())?);
        match scope.holds(condition, &value, &input, node)? {
            Ok(true) => Ok(Some(Next::Move(step))),
            Ok(false) => Ok(None),
            Err(error) => self.raise(error, frame.node).map(Some),
        }
    }

    fn finish(&self) -> Result<Next, Halt> {
        let value = self.open(self.position.current.as_ref())?;
        let input = self.open(self.position.input.as_ref())?;
        let output = match &self.definition.output_as {
            None => (*value).clone(),
            Some(template) => match self.evaluate(template, &value, &input, None)? {
                Ok(output) => output,
                Err(error) => return Ok(Next::Failed(error)),
            },
        };
        if let Some(error) = violation(self.definition.output_schema.as_ref(), &output, "output") {
            return Ok(Next::Failed(error));
        }
        Ok(Next::Done { output })
    }
}

/// What is wrong with a value by its schema.
fn violation(schema: Option<&Value>, value: &Value, what: &str) -> Option<RunError> {
    let violations = match Schema::compile(schema?) {
        Ok(schema) => schema.violations(value),
        Err(why) => return Some(RunError::standard("configuration", 400, "bad_schema", why)),
    };
    let all: Vec<String> = violations.iter().map(|it| format!("{} {}", it.pointer, it.message)).collect();
    let detail = format!("the {what} does not fit its schema: {}", all.join("; "));
    (!all.is_empty()).then(|| RunError::standard("validation", 400, "validation", detail))
}
