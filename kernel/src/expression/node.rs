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
    /// A filter that comes to one value at most. It is done with before whoever comes next begins, so that what people
    /// write in a row does not pile up on the stack.
    One(Box<Node>),
}

impl Node {
    /// The filter, marked when it comes to one value at most. Its parts are marked already.
    pub fn marked(self) -> Self {
        if self.is_one() || !self.comes_to_one() { self } else { Self::One(Box::new(self)) }
    }

    /// Whether it is known to come to one value at most.
    pub fn is_one(&self) -> bool {
        matches!(self, Self::One(_) | Self::Identity | Self::Constant(_) | Self::Local(_) | Self::Global(_))
    }

    fn comes_to_one(&self) -> bool {
        match self {
            Self::Array(_) => true,
            Self::Text(_, pieces) => pieces.iter().all(|it| matches!(it, Piece::Plain(_)) || it.is_one()),
            Self::Object(members) => members.iter().all(|(key, value)| key.is_one() && value.is_one()),
            Self::Negate(inner) => inner.is_one(),
            Self::Pipe(one, two)
            | Self::Bind(one, _, two)
            | Self::Otherwise(one, two)
            | Self::And(one, two)
            | Self::Or(one, two)
            | Self::Math(_, one, two)
            | Self::Compare(_, one, two) => one.is_one() && two.is_one(),
            Self::If(one, two, three) => one.is_one() && two.is_one() && three.is_one(),
            Self::Path(head, steps) => head.is_one() && steps.iter().all(|(step, _)| step.is_one()),
            Self::Call(name, arguments) => {
                COLLECTING.contains(name) || (!GENERATING.contains(name) && arguments.iter().all(Self::is_one))
            }
            _ => false,
        }
    }
}

/// Filters that come to one value, whatever their arguments come to.
const COLLECTING: [&str; 7] = ["map", "map_values", "with_entries", "sort_by", "group_by", "min_by", "max_by"];

/// Filters that may come to several values.
const GENERATING: [&str; 10] =
    ["limit", "paths", "path", "range", "recurse", "repeat", "skip", "until", "while", "walk"];

/// A part of a text.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Itself.
    Plain(String),
    /// What a filter comes to.
    Computed(Node),
}

impl Piece {
    fn is_one(&self) -> bool {
        matches!(self, Self::Computed(node) if node.is_one())
    }
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

impl Step {
    fn is_one(&self) -> bool {
        match self {
            Self::Index(node) => node.is_one(),
            Self::Slice(from, to) => from.iter().chain(to).all(Node::is_one),
            Self::Each => false,
        }
    }
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
