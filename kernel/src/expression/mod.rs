//! Expressions: jq, bounded.
//!
//! The language is parsed by `jaq-core`; what it means is evaluated here, because an evaluator that lives inside a
//! decision must end, must not see a clock or an environment, and must come to the same verdict on every build.
//!
//! * Every step costs fuel, whoever makes it: a generator that never ends is stopped, by count and never by time.
//! * Only filters on a list exist (`functions::NAMES`); a program with another one is refused when it is parsed, by
//!   name. Regular expressions, clocks, environment, input and output are not on it.
//! * Definitions may not recurse. They are expanded where they are used, and the whole may not grow beyond a limit.
//! * Numbers are decimal: whole ones are exact, the others have 28 digits, and both are the same on every build.

mod access;
mod compile;
mod evaluate;
mod functions;
mod node;
pub(crate) mod number;
pub(crate) mod order;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod values;

pub use template::{BadTemplate, Template, expression_begin};

use evaluate::Machine;
use node::Node;
use serde_json::Value;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Longest source of an expression, in bytes.
pub const SOURCE_MAX: usize = 8 * 1024;
/// Steps that one evaluation may make.
pub const FUEL: u64 = 1_000_000;
/// Most bytes of JSON that one evaluation may come to, or have in hand at one place.
pub const SIZE_MAX: usize = 2 << 20;

/// Variables visible to an expression, by name without `$`.
pub type Variables<'a> = [(&'a str, &'a Value)];

/// Why a text is no expression that may be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExpression {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes from the beginning.
    pub offset: Option<usize>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What kind of failure an evaluation ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionErrorKind {
    /// The expression raised an error.
    Failed,
    /// It made more steps than it may.
    Fuel,
    /// It came to more than it may, or nested deeper.
    TooLarge,
    /// It came to nothing.
    Empty,
}

/// Why an evaluation came to no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// What kind of failure.
    pub kind: ExpressionErrorKind,
    /// What happened, for a person.
    pub message: String,
}

/// A program that passed its check.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    program: Rc<Node>,
    globals: Rc<BTreeSet<String>>,
}

impl Expression {
    /// Parse and check.
    pub fn parse(source: &str) -> Result<Self, BadExpression> {
        let (program, globals) = compile::compile(source)?;
        Ok(Self { source: source.to_owned(), program: Rc::new(program), globals: Rc::new(globals) })
    }

    /// Its source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it mentions the variable `$name` and does not bind it itself. One that does not comes to the same whatever
    /// the variable holds.
    pub fn mentions(&self, name: &str) -> bool {
        self.globals.contains(name)
    }

    /// The first value it comes to.
    pub fn evaluate(&self, input: &Value, variables: &Variables<'_>) -> Result<Value, ExpressionError> {
        Machine::new(variables).first(&self.program, input)
    }
}
