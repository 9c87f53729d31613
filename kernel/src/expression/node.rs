//! A program as it is evaluated: checked, definitions expanded, variables numbered.

use jaq_core::ops::{Cmp, Math};
use serde_json::Value;

/// A filter.
#[derive(Debug, Clone)]
pub enum Node {
    /// `.`
    Identity,
    /// `..`
    Recurse,
    /// A literal.
    Constant(Value),
    /// A text with values in it; the format is that of `@json` and its like.
    Text(Option<&'static str>, Vec<Piece>),
    /// `[f]`
    Array(Option<Box<Node>>),
    /// `{k: v, …}`
    Object(Vec<(Node, Node)>),
    /// `-f`
    Negate(Box<Node>),
    /// `f | g`
    Pipe(Box<Node>, Box<Node>),
    /// `f as $x | g`
    Bind(Box<Node>, Pattern, Box<Node>),
    /// `f, g`
    Comma(Box<Node>, Box<Node>),
    /// `f // g`
    Otherwise(Box<Node>, Box<Node>),
    /// `f and g`
    And(Box<Node>, Box<Node>),
    /// `f or g`
    Or(Box<Node>, Box<Node>),
    /// `f + g` and its like.
    Math(Math, Box<Node>, Box<Node>),
    /// `f < g` and its like.
    Compare(Cmp, Box<Node>, Box<Node>),
    /// `p = f`
    Assign(Box<Node>, Box<Node>),
    /// `p |= f`
    Update(Box<Node>, Box<Node>),
    /// `p += f` and its like.
    UpdateMath(Math, Box<Node>, Box<Node>),
    /// `p //= f`
    UpdateOtherwise(Box<Node>, Box<Node>),
    /// `label $l | f`
    Label(u32, Box<Node>),
    /// `break $l`
    Break(u32),
    /// `reduce f as $x (init; update)`
    Reduce(Box<Node>, Pattern, Box<Node>, Box<Node>),
    /// `foreach f as $x (init; update; extract)`
    Foreach(Box<Node>, Pattern, Box<Node>, Box<Node>, Option<Box<Node>>),
    /// `try f catch g`
    Try(Box<Node>, Option<Box<Node>>),
    /// `if c then f else g end`
    If(Box<Node>, Box<Node>, Box<Node>),
    /// `name(args)`: a filter of the list.
    Call(&'static str, Vec<Node>),
    /// A variable that the program binds.
    Local(u32),
    /// A variable that is bound outside.
    Global(String),
    /// `f.a`, `f[i]`, `f[]`, `f[a:b]`, each perhaps with `?`.
    Path(Box<Node>, Vec<(Step, bool)>),
}

/// A part of a text.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Itself.
    Plain(String),
    /// What a filter comes to.
    Computed(Node),
}

/// One step of a path.
#[derive(Debug, Clone)]
pub enum Step {
    /// `.a`, `[i]`
    Index(Node),
    /// `[]`
    Each,
    /// `[a:b]`
    Slice(Option<Node>, Option<Node>),
}

/// What a value is taken apart into.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// `$x`
    Variable(u32),
    /// `[$a, $b]`
    Array(Vec<Pattern>),
    /// `{a: $x}`
    Object(Vec<(Node, Pattern)>),
}
