//! What a workflow or an agent can ask for: the registry of capabilities, with schemas, who offers them, and what is
//! done when an attempt is in doubt.

mod builtin;

pub use builtin::BUILT_IN;

use crate::entity::Idempotency;
use crate::schema::Schema;
use serde_json::Value;

/// Who performs a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferedBy {
    /// The kernel itself, in the command that asks for it: it happens exactly once.
    Kernel,
    /// A runtime, as an effect.
    Runtime,
    /// A person.
    Person,
    /// An agent of the workspace.
    Agent,
}

impl OfferedBy {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Runtime => "runtime",
            Self::Person => "person",
            Self::Agent => "agent",
        }
    }
}

/// Something that can be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Capability {
    /// Its name.
    pub name: &'static str,
    /// Version of its schemas.
    pub version: &'static str,
    /// What it does, for a model and for a person.
    pub description: &'static str,
    /// JSON Schema of its arguments.
    pub input: &'static str,
    /// JSON Schema of its result.
    pub output: &'static str,
    /// Who performs it.
    pub offered_by: OfferedBy,
    /// What is done when an attempt is in doubt, unless the arguments say otherwise.
    pub idempotency: Idempotency,
    /// Whether an agent may have it as a tool.
    pub is_tool: bool,
}

/// How far what a capability gives may be trusted. All there are now come with the kernel.
pub const TRUST: &str = "built-in";

/// The capability called `name`, by its own name or a short one.
pub fn find(name: &str) -> Option<&'static Capability> {
    let name = match name {
        "http" => "http.request",
        "remember" => "notes.remember",
        "recall" => "notes.recall",
        name => name,
    };
    BUILT_IN.iter().find(|capability| capability.name == name)
}

/// The capability of the registry that is spelt most like `name`.
pub fn nearest(name: &str) -> Option<&'static str> {
    crate::workflow::nearest(name, BUILT_IN.iter().map(|capability| capability.name))
}

impl Capability {
    /// What its arguments have to be. The error says why its schema cannot be read.
    pub fn arguments(&self) -> Result<Arguments, String> {
        let schema = serde_json::from_str(self.input).map_err(|why| why.to_string());
        let schema = schema.and_then(|schema: Value| Schema::compile(&schema));
        schema.map(Arguments).map_err(|why| format!("the schema of {} cannot be read: {why}", self.name))
    }

    /// What is wrong with `arguments`; nothing when they may be used.
    pub fn violations(&self, arguments: &Value) -> Vec<String> {
        self.arguments().map_or_else(|why| vec![why], |schema| schema.violations(arguments))
    }

    /// What is done when an attempt with these arguments is in doubt.
    pub fn idempotency(&self, arguments: &Value) -> Idempotency {
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("idempotency") {
            "retry" => return Idempotency::Retry,
            "ask" => return Idempotency::Ask,
            "fail" => return Idempotency::Fail,
            _ => {}
        }
        let reads = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", ""];
        match self.name {
            "http.request" if reads.contains(&text("method").to_ascii_uppercase().as_str()) => Idempotency::Retry,
            _ => self.idempotency,
        }
    }

    /// Whether a person is asked before an agent may do this, whatever the agent is allowed: writing outside.
    pub fn is_risky(&self, arguments: &Value) -> bool {
        let method = arguments.get("method").and_then(Value::as_str).unwrap_or("GET");
        self.name == "http.request" && !["GET", "HEAD", "OPTIONS"].contains(&method.to_ascii_uppercase().as_str())
    }
}

/// What the arguments of a capability have to be.
#[derive(Debug)]
pub struct Arguments(Schema);

impl Arguments {
    /// What is wrong with `arguments`; nothing when they may be used.
    pub fn violations(&self, arguments: &Value) -> Vec<String> {
        self.0.violations(arguments).into_iter().map(|it| format!("{} {}", it.pointer, it.message)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_schema_compiles_and_every_name_is_found() {
        for capability in BUILT_IN {
            for schema in [capability.input, capability.output] {
                let schema: Value = serde_json::from_str(schema).unwrap();
                Schema::compile(&schema).unwrap();
            }
            assert_eq!(find(capability.name).unwrap().name, capability.name);
        }
        assert!(find("nothing.of.that").is_none());
    }

    #[test]
    fn arguments_are_checked_before_anything_happens() {
        let read = find("documents.read").unwrap();
        assert!(read.violations(&json!({"path": "a/b.md"})).is_empty());
        assert!(!read.violations(&json!({"path": 7})).is_empty());
        assert!(!read.violations(&json!({"pfad": "a"})).is_empty());
    }

    #[test]
    fn what_is_done_in_doubt_follows_from_the_method_unless_it_is_said() {
        let http = find("http").unwrap();
        let of = |arguments| http.idempotency(&arguments);
        assert_eq!(of(json!({"method": "get"})), Idempotency::Retry);
        assert_eq!(of(json!({"method": "POST"})), Idempotency::Ask);
        assert_eq!(of(json!({"method": "POST", "idempotency": "fail"})), Idempotency::Fail);
        assert!(http.is_risky(&json!({"method": "POST"})) && !http.is_risky(&json!({"method": "get"})));
    }
}
