//! What a workflow may say, and every way of saying it wrong.

mod constructs;
mod mistakes;
mod standard;

use super::Mistake;
use crate::workflow::{Definition, Node, NodeKind};
use serde_json::{Value, json};

/// A workflow with these tasks.
fn workflow(tasks: Value) -> Value {
    json!({
        "document": {"dsl": "1.0.3", "namespace": "examples", "name": "story", "version": "0.1.0"},
        "do": tasks
    })
}

/// It is a workflow.
#[track_caller]
fn good(source: &Value) -> Definition {
    Definition::parse(source).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

/// It is none.
#[track_caller]
fn bad(source: &Value) -> Vec<Mistake> {
    Definition::parse(source).err().unwrap_or_else(|| panic!("nothing is wrong with {source}"))
}

/// Exactly one thing is wrong: there, of that code.
#[track_caller]
fn only(source: &Value, pointer: &str, code: &str) -> Mistake {
    let mistakes = bad(source);
    let [mistake] = mistakes.as_slice() else { panic!("{mistakes:#?}") };
    assert_eq!((mistake.pointer.as_str(), mistake.code), (pointer, code), "{mistake:#?}");
    mistake.clone()
}

/// The node of that name.
#[track_caller]
fn node<'a>(definition: &'a Definition, name: &str) -> &'a Node {
    definition.nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("no task {name}"))
}

/// What a task calls, and with what if nothing of it is computed.
#[track_caller]
fn called<'a>(definition: &'a Definition, name: &str) -> (&'a str, Option<&'a Value>) {
    match &node(definition, name).kind {
        NodeKind::Call { capability, with } => (capability, with.constant()),
        other => panic!("{name} is no call: {other:?}"),
    }
}
