//! From JSON to a checked [`Definition`], or to everything that is wrong with it.
//!
//! Every place knows its keys (`shapes.rs`), so nothing that is written is silently ignored. What the standard has and
//! this kernel does not is refused by name, with the code `unsupported_feature` and nothing else.

mod call;
mod catch;
mod document;
mod duration;
mod http;
mod kinds;
mod lists;
mod mistake;
mod place;
mod reuse;
mod shapes;
mod tasks;
mod template;
#[cfg(test)]
mod tests;
mod words;

use super::{Definition, Node};
use lists::Lists;
use mistake::Mistakes;
use place::Place;
use reuse::Reuse;
use serde_json::Value;

pub use duration::milliseconds;
pub use mistake::Mistake;
pub use words::nearest;

/// The most bytes of texts and keys a workflow may have.
pub const SOURCE_BYTES_MAX: usize = 262_144;
/// The most values a workflow may have.
pub const SOURCE_VALUES_MAX: usize = 65_536;
/// How deep values of a workflow may be nested.
pub const SOURCE_DEPTH_MAX: usize = 100;
/// How deep lists of tasks may be nested.
pub const TASK_DEPTH_MAX: usize = 16;
/// The most tasks of a workflow.
pub const TASKS_MAX: usize = 1_000;
/// The most characters the name of a task, a case or a variable may have.
pub const TASK_NAME_MAX: usize = 128;

/// A workflow while it is read.
#[derive(Default)]
struct Parser<'a> {
    mistakes: Mistakes,
    reuse: Reuse<'a>,
    nodes: Vec<Node>,
    lists: Lists,
    /// It was told already that there are too many tasks.
    is_full: bool,
}

impl Definition {
    /// Check a workflow. At most 32 mistakes are told.
    pub fn parse(source: &Value) -> Result<Self, Vec<Mistake>> {
        if let Some(mistake) = oversize(source) {
            return Err(vec![mistake]);
        }
        let mut parser = Parser::default();
        let made = parser.workflow(&Place::root(source));
        parser.mistakes.or(made)
    }
}

impl<'a> Parser<'a> {
    fn workflow(&mut self, place: &Place<'a>) -> Option<Definition> {
        if !self.shaped(place, &shapes::WORKFLOW) {
            return None;
        }
        let document = place.get("document").and_then(|place| self.document(&place));
        self.reuse(place);
        let input = place.get("input").map(|place| self.input(&place)).unwrap_or_default();
        let output = place.get("output").map(|place| self.output(&place)).unwrap_or_default();
        let timeout_ms = self.timeout(place);
        let top = place.get("do").map(|place| self.list(&place, None, 1)).unwrap_or_default();
        self.resolve();
        let document = document?;
        let nodes = std::mem::take(&mut self.nodes);
        Some(Definition {
            document,
            input_schema: input.0,
            input_from: input.1,
            output_schema: output.0,
            output_as: output.1,
            timeout_ms,
            nodes,
            top,
        })
    }
}

/// Whether there is too much of it to be looked at. Nothing here or in a value's own code goes deeper than the limit.
fn oversize(source: &Value) -> Option<Mistake> {
    let mut open = vec![(source, 0usize)];
    let (mut bytes, mut values) = (0usize, 0usize);
    while let Some((value, depth)) = open.pop() {
        values += 1;
        bytes += value.as_str().map_or(0, str::len);
        bytes += value.as_object().into_iter().flat_map(|members| members.keys()).map(String::len).sum::<usize>();
        if depth > SOURCE_DEPTH_MAX {
            let message = format!("values are nested deeper than {SOURCE_DEPTH_MAX}");
            return Some(Mistake::at("", "too_deep", message));
        }
        if bytes > SOURCE_BYTES_MAX || values > SOURCE_VALUES_MAX {
            let message = format!(
                "the workflow is too large: {SOURCE_BYTES_MAX} bytes and {SOURCE_VALUES_MAX} values are allowed"
            );
            let hint = "keep long texts in documents and read them with `call: documents.read`";
            return Some(Mistake::at("", "too_large", message).hint(hint));
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|value| (value, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|value| (value, depth + 1))),
            _ => {}
        }
    }
    None
}
