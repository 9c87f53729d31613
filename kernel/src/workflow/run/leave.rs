//! Leaving a task: what came of it, what it exports, and where to go on.

use super::scope::Scope;
use super::{Move, Next, Values};
use crate::seal::Content;
use crate::view::Halt;
use crate::workflow::{Node, NodeKind, Then};
use serde_json::Value;

/// What came of a task before `output.as`.
pub(super) enum Came {
    /// The value that flows, as it is.
    AsItFlows,
    /// This.
    Value(Value),
}

impl<V: Values> Scope<'_, V> {
    /// The task `id` is done; `frames` tasks that were begun are done with it. `then` goes before the task's own.
    pub fn leave(&self, id: u32, frames: u32, input: &Value, came: Came, then: Option<Then>) -> Result<Next, Halt> {
        let node = self.node(id)?;
        let raw = match &came {
            Came::AsItFlows => self.open(self.position.current.as_ref())?,
            Came::Value(value) => std::rc::Rc::new(value.clone()),
        };
        let output = match &node.output_as {
            None => None,
            Some(template) => match self.evaluate(template, &raw, input, Some(node))? {
                Ok(value) => Some(value),
                Err(error) => return self.raise(error, id),
            },
        };
        let exported = match &node.export_as {
            None => None,
            Some(template) => match self.evaluate(template, output.as_ref().unwrap_or(&raw), input, Some(node))? {
                Ok(value) => Some(value),
                Err(error) => return self.raise(error, id),
            },
        };
        let new = match (output, came) {
            (Some(output), _) => Some(output),
            (None, Came::Value(value)) => Some(value),
            (None, Came::AsItFlows) => None,
        };
        let (frames, next) = self.onward(id, node, frames, then.or(node.then));
        let json = |value: Value| Content::plain(value.to_string());
        let (value, context) = (new.map(json), exported.map(json));
        Ok(Next::Move(Move::Left { node: id, frames, next, skipped: false, value, context }))
    }

    /// The task is passed over.
    pub fn skip(&self, id: u32, node: &Node) -> Next {
        let (frames, next) = self.onward(id, node, 0, None);
        Next::Move(Move::Left { node: id, frames, next, skipped: true, value: None, context: None })
    }

    /// How many frames go, and which task is next.
    fn onward(&self, id: u32, node: &Node, frames: u32, then: Option<Then>) -> (u32, Option<u32>) {
        match then {
            Some(Then::Node(target)) => (frames, Some(target)),
            Some(Then::Exit) => (frames, None),
            Some(Then::End) => (self.position.frames.len() as u32, None),
            Some(Then::Continue) | None => (frames, self.sibling(id, node.parent)),
        }
    }

    /// The task behind `id` in the list that it stands in.
    fn sibling(&self, id: u32, parent: Option<u32>) -> Option<u32> {
        let after = |list: &[u32]| {
            let place = list.iter().position(|it| *it == id)?;
            list.get(place + 1).copied()
        };
        let Some(parent) = parent.and_then(|parent| self.definition.nodes.get(parent as usize)) else {
            return after(&self.definition.top);
        };
        match &parent.kind {
            NodeKind::Do(list) => after(list),
            NodeKind::For(it) => after(&it.body),
            NodeKind::Try(it) => after(&it.body).or_else(|| after(&it.handler)),
            _ => None,
        }
    }
}
