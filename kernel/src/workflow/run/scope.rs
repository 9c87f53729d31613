//! What expressions see.

use super::{Facts, Phase, Position, RunError, VALUE_MAX, Values};
use crate::expression::Template;
use crate::seal::Content;
use crate::view::Halt;
use crate::workflow::{Definition, Node, NodeKind};
use serde_json::{Value, json};
use std::rc::Rc;

/// Everything a step of a run is decided with.
pub(super) struct Scope<'a, V> {
    pub definition: &'a Definition,
    pub position: &'a Position,
    pub facts: &'a Facts,
    pub values: &'a V,
}

/// A value that a step came to, or the error that it raises.
pub(super) type Evaluated<T> = Result<Result<T, RunError>, Halt>;

impl<V: Values> Scope<'_, V> {
    pub fn node(&self, id: u32) -> Result<&Node, Halt> {
        let node = self.definition.nodes.get(id as usize);
        node.ok_or_else(|| Halt::Broken(format!("the workflow has no task {id}, and a run stands there")))
    }

    pub fn open(&self, content: Option<&Content>) -> Result<Rc<Value>, Halt> {
        content.map_or_else(|| Ok(Rc::new(Value::Null)), |content| self.values.open(content))
    }

    /// Evaluate `template` on `value`; `input` is the input of the task whose template it is.
    pub fn evaluate(&self, template: &Template, value: &Value, input: &Value, node: Option<&Node>) -> Evaluated<Value> {
        self.evaluate_with(template, value, input, node, &[])
    }

    /// The same, with more variables.
    pub fn evaluate_with(
        &self,
        template: &Template,
        value: &Value,
        input: &Value,
        node: Option<&Node>,
        more: &[(&str, &Value)],
    ) -> Evaluated<Value> {
        if let Some(constant) = template.constant() {
            return Ok(Ok(constant.clone()));
        }
        // Only what is mentioned is made: a variable may hold all the items of a loop, and every turn asks again. What is
        // not mentioned is null, which nobody sees.
        let unless = |name: &str| !template.mentions(name);
        let context = if unless("context") { Rc::default() } else { self.open(self.position.context.as_ref())? };
        let workflow = if unless("workflow") { Value::Null } else { self.workflow()? };
        let task = match node {
            Some(node) if !unless("task") => json!({"name": node.name, "reference": node.pointer}),
            _ => Value::Null,
        };
        let runtime = json!({"name": "kernelos", "version": env!("CARGO_PKG_VERSION")});
        let bound = self.bound(template)?;
        let mut variables: Vec<(&str, &Value)> = vec![
            ("context", &*context),
            ("input", input),
            ("workflow", &workflow),
            ("task", &task),
            ("runtime", &runtime),
        ];
        variables.extend(bound.iter().map(|(name, value)| (*name, value)));
        variables.extend(more);
        let result = match template.evaluate(value, &variables) {
            Ok(result) => result,
            Err(why) => {
                return Ok(Err(self.at(node, RunError::standard("expression", 400, "expression", why.message))));
            }
        };
        if result.to_string().len() > VALUE_MAX {
            let detail = format!("the value has more than {VALUE_MAX} bytes");
            return Ok(Err(self.at(node, RunError::standard("runtime", 413, "value_too_large", detail))));
        }
        Ok(Ok(result))
    }

    /// Whether `template` holds: anything but `false` and `null` does, as in jq.
    pub fn holds(&self, template: &Template, value: &Value, input: &Value, node: &Node) -> Evaluated<bool> {
        Ok(self.evaluate(template, value, input, Some(node))?.map(|it| !matches!(it, Value::Bool(false) | Value::Null)))
    }

    /// The error, with the place where it happened.
    pub fn at(&self, node: Option<&Node>, error: RunError) -> RunError {
        RunError { instance: error.instance.or_else(|| node.map(|node| node.pointer.clone())), ..error }
    }

    fn workflow(&self) -> Result<Value, Halt> {
        let input = self.open(self.position.input.as_ref())?;
        let document = &self.definition.document;
        Ok(json!({
            "id": self.facts.run,
            "definition": {"document": {
                "namespace": document.namespace, "name": document.name, "version": document.version,
            }},
            "input": &*input,
            "startedAt": {"epoch": {"milliseconds": self.facts.started_ms, "seconds": self.facts.started_ms / 1000}},
        }))
    }

    /// Variables that loops and caught errors bind, outermost first.
    fn bound(&self, template: &Template) -> Result<Vec<(&str, Value)>, Halt> {
        let mut bound = Vec::new();
        for frame in &self.position.frames {
            match &self.node(frame.node)?.kind {
                NodeKind::For(it) => {
                    let item = if template.mentions(&it.each) {
                        self.open(frame.items.as_ref())?.get(frame.index as usize).cloned()
                    } else {
                        None
                    };
                    bound.push((it.each.as_str(), item.unwrap_or_default()));
                    bound.push((it.at.as_str(), json!(frame.index)));
                }
                NodeKind::Try(it) if frame.phase == Phase::Handler => {
                    let mentioned = template.mentions(&it.variable);
                    let error = if mentioned { (*self.open(frame.error.as_ref())?).clone() } else { Value::Null };
                    bound.push((it.variable.as_str(), error));
                }
                _ => {}
            }
        }
        Ok(bound)
    }
}
