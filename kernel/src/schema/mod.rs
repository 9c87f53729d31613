//! JSON Schema: the part of draft 2020-12 that answers of models, arguments of tools and inputs of workflows use.
//!
//! A decision validates, so validation must end, must be small enough for an edge isolate, and must come to the same
//! verdict everywhere. What a schema says beyond the keywords below is refused by name when it is compiled: a keyword
//! that is silently not looked at would be a promise that nobody keeps. There is no `pattern` (regular expressions can
//! take for ever), no reference outside the schema, and a reference may not lead back to itself.

mod check;
mod compile;
#[cfg(test)]
mod tests;

use crate::expression::order;
use serde_json::{Number, Value};

/// How deep a schema may nest, references included.
pub const DEPTH_MAX: usize = 32;
/// Most parts of a schema, references expanded.
pub const PARTS_MAX: usize = 4_000;
/// Most steps of one validation.
pub const STEPS_MAX: usize = 200_000;
/// Most violations that are told.
pub const VIOLATIONS_MAX: usize = 8;

/// A schema that was compiled.
#[derive(Debug, Clone)]
pub struct Schema(Part);

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer within the value; empty for the value itself.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// One schema within a schema.
#[derive(Debug, Clone, Default)]
struct Part {
    /// `false` as a schema: nothing fits.
    never: bool,
    types: Vec<String>,
    choices: Option<Vec<Value>>,
    minimum: Option<(Number, bool)>,
    maximum: Option<(Number, bool)>,
    multiple_of: Option<Number>,
    length: (Option<u64>, Option<u64>),
    count: (Option<u64>, Option<u64>),
    members: (Option<u64>, Option<u64>),
    unique: bool,
    first: Vec<Part>,
    items: Option<Box<Part>>,
    properties: Vec<(String, Part)>,
    required: Vec<String>,
    additional: Option<Box<Part>>,
    all: Vec<Part>,
    any: Vec<Part>,
    one: Vec<Part>,
    not: Option<Box<Part>>,
}

impl Schema {
    /// Compile a schema. The error says which keyword is not understood, and where.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        compile::compile(schema).map(Self)
    }

    /// What of `value` does not fit; at most [`VIOLATIONS_MAX`] of it.
    pub fn violations(&self, value: &Value) -> Vec<Violation> {
        check::violations(&self.0, value)
    }
}

/// Whether two values are the same to a schema: `1` and `1.0` are.
fn same(one: &Value, other: &Value) -> bool {
    order::compare(one, other).is_eq()
}
