//! A workflow as the interpreter sees it: an arena of nodes, numbered in the order in which the file says them.
//!
//! Positions of a run are numbers of nodes and never names: names come from people and do not stand in rows.

use crate::expression::Template;
use serde_json::Value;

/// Number of a node: its place in [`Definition::nodes`].
pub type NodeId = u32;

/// A checked workflow.
#[derive(Debug)]
pub struct Definition {
    /// `document.namespace`, `document.name`, `document.version`.
    pub document: Document,
    /// JSON Schema of the input, `input.schema.document`.
    pub input_schema: Option<Value>,
    /// `input.from`.
    pub input_from: Option<Template>,
    /// `output.as`.
    pub output_as: Option<Template>,
    /// JSON Schema of the output, `output.schema.document`.
    pub output_schema: Option<Value>,
    /// `timeout.after`, milliseconds; a run that takes longer fails.
    pub timeout_ms: Option<u64>,
    /// Every task of the workflow, parents before children, siblings in order.
    pub nodes: Vec<Node>,
    /// The top-level tasks, in order.
    pub top: Vec<NodeId>,
}

/// Which workflow it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Version, as semantic versioning has it.
    pub version: String,
}

/// One task of a workflow, with what every task may have.
#[derive(Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// JSON pointer to it in the source: `/do/0/classify`.
    pub pointer: String,
    /// The list it stands in belongs to this node; none at the top.
    pub parent: Option<NodeId>,
    /// `if`: it is skipped unless this holds.
    pub condition: Option<Template>,
    /// `input.from`.
    pub input_from: Option<Template>,
    /// `output.as`.
    pub output_as: Option<Template>,
    /// `export.as`.
    pub export_as: Option<Template>,
    /// `timeout.after`, milliseconds.
    pub timeout_ms: Option<u64>,
    /// `then`: where to go on; the next sibling when absent.
    pub then: Option<Then>,
    /// What it does.
    pub kind: NodeKind,
}

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// With the next sibling.
    Continue,
    /// Out of the enclosing list, which is then done.
    Exit,
    /// The whole workflow is done.
    End,
    /// With this sibling.
    Node(NodeId),
}

/// What a task does.
#[derive(Debug)]
pub enum NodeKind {
    /// `do`: tasks one after the other.
    Do(Vec<NodeId>),
    /// `set`: the output is this.
    Set(Template),
    /// `switch`: the first case that holds says where to go on; the output is the input.
    Switch(Vec<Case>),
    /// `for`: the tasks once for each item.
    For(For),
    /// `try`: the tasks, and what happens when one fails.
    Try(Try),
    /// `raise`: fail with this error.
    Raise(Template),
    /// `wait`: go on after so many milliseconds.
    Wait(Duration),
    /// `call`: ask for a capability of that name.
    Call {
        /// Name of the capability: `http.request` for `call: http`, `agent`, `ask`, `documents.read` …
        capability: String,
        /// `with`, still to be evaluated.
        with: Template,
    },
}

/// A length of time: known, or an expression for an ISO 8601 duration.
#[derive(Debug)]
pub enum Duration {
    /// Milliseconds.
    Ms(u64),
    /// Evaluates to an ISO 8601 duration or a duration object of the language.
    Computed(Template),
}

/// A case of a `switch`.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Holds when this does; always when absent.
    pub when: Option<Template>,
    /// Where to go on then.
    pub then: Then,
}

/// A loop.
#[derive(Debug)]
pub struct For {
    /// Name of the variable that holds the item, without `$`; `item` unless said.
    pub each: String,
    /// The items: evaluates to an array.
    pub items: Template,
    /// Name of the variable that holds the index, without `$`; `index` unless said.
    pub at: String,
    /// `while`: stop as soon as this does not hold.
    pub condition: Option<Template>,
    /// The tasks.
    pub body: Vec<NodeId>,
}

/// A guarded list of tasks.
#[derive(Debug)]
pub struct Try {
    /// The tasks.
    pub body: Vec<NodeId>,
    /// `catch.errors.with`: members an error must have to be caught; any error when empty.
    pub with: Vec<(String, Value)>,
    /// `catch.as`: name of the variable that holds the error, without `$`; `error` unless said.
    pub variable: String,
    /// `catch.when`.
    pub when: Option<Template>,
    /// `catch.exceptWhen`.
    pub except_when: Option<Template>,
    /// `catch.retry`, with references to `use.retries` resolved.
    pub retry: Option<Retry>,
    /// `catch.do`.
    pub handler: Vec<NodeId>,
}

/// How a failed list is tried again.
#[derive(Debug, Clone)]
pub struct Retry {
    /// `limit.attempt.count`: how often at most, beside the first time; no limit on the count when absent.
    pub attempts: Option<u32>,
    /// `limit.duration`, milliseconds since the first failure.
    pub duration_ms: Option<u64>,
    /// `delay`, milliseconds.
    pub delay_ms: u64,
    /// How the delay grows.
    pub backoff: Backoff,
    /// `jitter.from` and `jitter.to`, milliseconds.
    pub jitter_ms: Option<(u64, u64)>,
}

/// How a delay grows from one attempt to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// It does not.
    Constant,
    /// By the delay again each time.
    Linear,
    /// Twofold each time.
    Exponential,
}
