//! Evaluating a program: every filter hands its outputs to whoever comes next, one by one, and every step costs fuel.

use super::functions;
use super::node::{Node, Pattern, Piece};
use super::order::{compare, kind};
use super::{ExpressionError, ExpressionErrorKind, FUEL, SIZE_MAX, Variables, number, text, values};
use jaq_core::ops::{Cmp, Math};
use serde_json::{Map, Value, json};
use std::ops::ControlFlow::{self, Break, Continue};

/// How deep filters may be at work within one another. Each takes room on the stack, and some hosts have little.
const DEPTH_MAX: usize = 96;

/// Why outputs cease before their end.
#[derive(Debug)]
pub enum Stop {
    /// An error with its value; `try` catches it.
    Error(Value),
    /// `break $label`
    Label(u32),
    /// Whoever asked has enough. Names who.
    Enough(u64),
    /// A limit; nothing catches it.
    Limit(ExpressionErrorKind, &'static str),
}

/// Whether outputs go on.
pub type Flow = ControlFlow<Stop>;

/// Takes one output.
pub type Out<'o> = &'o mut dyn FnMut(&mut Machine<'_>, Value) -> Flow;

/// What one evaluation has in hand.
pub struct Machine<'a> {
    globals: &'a Variables<'a>,
    locals: Vec<(u32, Value)>,
    fuel: u64,
    depth: usize,
    askers: u64,
}

/// An error that `try` catches.
pub fn error(message: impl Into<String>) -> Flow {
    Break(Stop::Error(Value::String(message.into())))
}

impl<'a> Machine<'a> {
    /// With these variables and all its fuel.
    pub fn new(globals: &'a Variables<'a>) -> Self {
        Self { globals, locals: Vec::new(), fuel: FUEL, depth: 0, askers: 0 }
    }

    /// The first output of `node`.
    pub fn first(&mut self, node: &Node, input: &Value) -> Result<Value, ExpressionError> {
        let fail = |kind, message: String| Err(ExpressionError { kind, message });
        match self.take_first(node, input) {
            Continue(Some(value)) => match size(&value, SIZE_MAX) {
                Some(_) => Ok(value),
                None => fail(ExpressionErrorKind::TooLarge, format!("the result has more than {SIZE_MAX} bytes")),
            },
            Continue(None) => fail(ExpressionErrorKind::Empty, "the expression comes to nothing".to_owned()),
            Break(Stop::Error(value)) => fail(ExpressionErrorKind::Failed, text::plain(&value)),
            Break(Stop::Limit(kind, message)) => fail(kind, message.to_owned()),
            Break(Stop::Label(_) | Stop::Enough(_)) => {
                fail(ExpressionErrorKind::Failed, "a break has no label to break to".to_owned())
            }
        }
    }

    /// The first output of `node`, if there is one; nothing behind it is computed.
    pub fn take_first(&mut self, node: &Node, input: &Value) -> ControlFlow<Stop, Option<Value>> {
        self.askers += 1;
        let asker = self.askers;
        let mut found = None;
        let flow = self.run(node, input, &mut |_, value| {
            found = Some(value);
            Break(Stop::Enough(asker))
        });
        match flow {
            Break(Stop::Enough(who)) if who == asker => Continue(found),
            Break(stop) => Break(stop),
            Continue(()) => Continue(None),
        }
    }

    /// A name for somebody who may have enough.
    pub fn asker(&mut self) -> u64 {
        self.askers += 1;
        self.askers
    }

    /// Every output of `node`.
    pub fn all(&mut self, node: &Node, input: &Value) -> ControlFlow<Stop, Vec<Value>> {
        let mut values = Vec::new();
        let mut bytes = 0usize;
        self.run(node, input, &mut |machine, value| {
            bytes = bytes.saturating_add(machine.weigh(&value)?);
            if bytes > SIZE_MAX {
                return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "a list grows too large"));
            }
            values.push(value);
            Continue(())
        })?;
        Continue(values)
    }

    /// Pay for `steps`.
    pub fn pay(&mut self, steps: u64) -> Flow {
        match self.fuel.checked_sub(steps) {
            Some(left) => {
                self.fuel = left;
                Continue(())
            }
            None => {
                self.fuel = 0;
                Break(Stop::Limit(ExpressionErrorKind::Fuel, "the expression takes too many steps"))
            }
        }
    }

    /// Pay for looking at all of `value`: its size in bytes, about.
    pub fn weigh(&mut self, value: &Value) -> ControlFlow<Stop, usize> {
        let Some(bytes) = size(value, SIZE_MAX) else {
            return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "a value grows too large"));
        };
        self.pay(bytes as u64 / 64)?;
        Continue(bytes)
    }

    /// Hand every output of `node` to `out`.
    pub fn run(&mut self, node: &Node, input: &Value, out: Out<'_>) -> Flow {
        self.pay(1)?;
        if self.depth >= DEPTH_MAX {
            return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "the expression nests too deep"));
        }
        self.depth += 1;
        let flow = self.step(node, input, out);
        self.depth -= 1;
        flow
    }

    /// Hand every output of `node` to `next`. One that is known to be alone is computed first.
    fn each(&mut self, node: &Node, input: &Value, next: Out<'_>) -> Flow {
        if !node.is_one() {
            return self.run(node, input, next);
        }
        match self.take_first(node, input)? {
            Some(value) => next(self, value),
            None => Continue(()),
        }
    }

    fn step(&mut self, node: &Node, input: &Value, out: Out<'_>) -> Flow {
        match node {
            Node::Identity => self.give(input, out),
            Node::Constant(value) => self.give(value, out),
            Node::Local(slot) => {
                let value = self.locals.iter().rev().find(|(known, _)| known == slot).map(|(_, value)| value.clone());
                out(self, value.unwrap_or(Value::Null))
            }
            Node::Global(name) => self.global(name, out),
            Node::Pipe(left, right) => self.each(left, input, &mut |machine, value| machine.run(right, &value, out)),
            Node::One(inner) => self.run(inner, input, out),
            Node::Comma(left, right) => {
                self.run(left, input, out)?;
                self.run(right, input, out)
            }
            Node::Array(None) => out(self, json!([])),
            Node::Array(Some(inner)) => {
                let items = self.all(inner, input)?;
                out(self, Value::Array(items))
            }
            Node::Object(members) => self.object(members, input, Map::new(), out),
            Node::Text(format, pieces) => self.text(*format, pieces, input, String::new(), out),
            Node::Path(..) | Node::Recurse => self.values_of_path(node, input, out),
            Node::Call(name, arguments) => functions::call(self, name, arguments, input, out),
            _ => self.operate(node, input, out),
        }
    }

    fn operate(&mut self, node: &Node, input: &Value, out: Out<'_>) -> Flow {
        match node {
            Node::Negate(inner) => {
                self.each(inner, input, &mut |machine, value| match value.as_number().and_then(number::negate) {
                    Some(value) => out(machine, value),
                    None => error(format!("{} cannot be negated", kind(&value))),
                })
            }
            // The right side goes first, as in jq.
            Node::Math(math, left, right) => self.each(right, input, &mut |machine, b| {
                machine.each(left, input, &mut |machine, a| {
                    let result = machine.math(*math, &a, &b)?;
                    out(machine, result)
                })
            }),
            Node::Compare(cmp, left, right) => self.each(right, input, &mut |machine, b| {
                machine.each(left, input, &mut |machine, a| {
                    machine.pay((size(&a, SIZE_MAX).unwrap_or(SIZE_MAX) / 64) as u64)?;
                    out(machine, Value::Bool(holds(*cmp, &a, &b)))
                })
            }),
            Node::And(left, right) => self.logic(left, right, false, input, out),
            Node::Or(left, right) => self.logic(left, right, true, input, out),
            Node::Otherwise(left, right) => self.otherwise(left, right, input, out),
            Node::If(condition, then, otherwise) => self.each(condition, input, &mut |machine, value| {
                machine.run(if is_true(&value) { then } else { otherwise }, input, out)
            }),
            Node::Try(body, handler) => self.attempt(body, handler.as_deref(), input, out),
            Node::Label(slot, body) => match self.run(body, input, out) {
                Break(Stop::Label(label)) if label == *slot => Continue(()),
                flow => flow,
            },
            Node::Break(slot) => Break(Stop::Label(*slot)),
            Node::Bind(value, pattern, body) => self.each(value, input, &mut |machine, value| {
                machine.bind(pattern, &value, input, &mut |machine| machine.run(body, input, out))
            }),
            Node::Reduce(items, pattern, init, update) => self.reduce(items, pattern, init, update, input, out),
            Node::Foreach(items, pattern, init, update, extract) => self.run(init, input, &mut |machine, init| {
                let mut state = init;
                machine.run(items, input, &mut |machine, item| {
                    machine.bind(pattern, &item, input, &mut |machine| {
                        let before = std::mem::take(&mut state);
                        machine.run(update, &before, &mut |machine, value| {
                            state = value.clone();
                            match extract {
                                Some(extract) => machine.run(extract, &value, out),
                                None => out(machine, value),
                            }
                        })
                    })
                })
            }),
            _ => self.assign(node, input, out),
        }
    }

    fn give(&mut self, value: &Value, out: Out<'_>) -> Flow {
        self.weigh(value)?;
        out(self, value.clone())
    }

    fn global(&mut self, name: &str, out: Out<'_>) -> Flow {
        match self.globals.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => self.give(value, out),
            None => {
                let known: Vec<String> = self.globals.iter().map(|(known, _)| format!("${known}")).collect();
                error(format!("there is no variable ${name} here; there are: {}", known.join(", ")))
            }
        }
    }

    /// Every combination of what the keys and the values come to.
    fn object(&mut self, members: &[(Node, Node)], input: &Value, made: Map<String, Value>, out: Out<'_>) -> Flow {
        let (mut rest, mut made) = (members, made);
        while let Some(((key, value), behind)) = rest.split_first() {
            if !key.is_one() || !value.is_one() {
                return self.objects(key, value, behind, input, &made, out);
            }
            let Some(key) = self.take_first(key, input)? else { return Continue(()) };
            let Value::String(key) = key else { return error(format!("a {} cannot be a key", kind(&key))) };
            let Some(value) = self.take_first(value, input)? else { return Continue(()) };
            self.weigh(&value)?;
            made.insert(key, value);
            rest = behind;
        }
        out(self, Value::Object(made))
    }

    /// The same, with a member that may come to several.
    fn objects(
        &mut self,
        key: &Node,
        value: &Node,
        behind: &[(Node, Node)],
        input: &Value,
        made: &Map<String, Value>,
        out: Out<'_>,
    ) -> Flow {
        self.run(key, input, &mut |machine, key| {
            let Value::String(key) = key else { return error(format!("a {} cannot be a key", kind(&key))) };
            machine.run(value, input, &mut |machine, value| {
                machine.weigh(&value)?;
                let mut made = made.clone();
                made.insert(key.clone(), value);
                machine.object(behind, input, made, out)
            })
        })
    }

    fn text(&mut self, format: Option<&str>, pieces: &[Piece], input: &Value, made: String, out: Out<'_>) -> Flow {
        let (mut rest, mut made) = (pieces, made);
        while let Some((piece, behind)) = rest.split_first() {
            if made.len() > SIZE_MAX {
                return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "a text grows too large"));
            }
            match piece {
                Piece::Plain(plain) => made.push_str(plain),
                Piece::Computed(node) if node.is_one() => {
                    let Some(value) = self.take_first(node, input)? else { return Continue(()) };
                    self.weigh(&value)?;
                    made.push_str(&text::formatted(format, &value));
                }
                Piece::Computed(node) => {
                    return self.run(node, input, &mut |machine, value| {
                        machine.weigh(&value)?;
                        let made = format!("{made}{}", text::formatted(format, &value));
                        machine.text(format, behind, input, made, out)
                    });
                }
            }
            rest = behind;
        }
        out(self, Value::String(made))
    }

    fn logic(&mut self, left: &Node, right: &Node, decides: bool, input: &Value, out: Out<'_>) -> Flow {
        self.each(left, input, &mut |machine, value| {
            if is_true(&value) == decides {
                return out(machine, Value::Bool(decides));
            }
            machine.each(right, input, &mut |machine, value| out(machine, Value::Bool(is_true(&value))))
        })
    }

    fn otherwise(&mut self, left: &Node, right: &Node, input: &Value, out: Out<'_>) -> Flow {
        let mut any = false;
        let mut behind = false;
        let flow = self.run(left, input, &mut |machine, value| {
            if !is_true(&value) {
                return Continue(());
            }
            any = true;
            let flow = out(machine, value);
            // What whoever comes next raises is not the left side's error.
            behind = flow.is_break();
            flow
        });
        match flow {
            Break(Stop::Error(_)) if !behind => {}
            Break(stop) => return Break(stop),
            Continue(()) => {}
        }
        if any { Continue(()) } else { self.run(right, input, out) }
    }

    fn attempt(&mut self, body: &Node, handler: Option<&Node>, input: &Value, out: Out<'_>) -> Flow {
        let depth = self.depth;
        let locals = self.locals.len();
        let mut behind = false;
        let flow = self.run(body, input, &mut |machine, value| {
            let flow = out(machine, value);
            behind = flow.is_break();
            flow
        });
        match flow {
            Break(Stop::Error(value)) if !behind => {
                self.depth = depth;
                self.locals.truncate(locals);
                handler.map_or(Continue(()), |handler| self.run(handler, &value, out))
            }
            flow => flow,
        }
    }

    fn reduce(
        &mut self,
        items: &Node,
        pattern: &Pattern,
        init: &Node,
        update: &Node,
        input: &Value,
        out: Out<'_>,
    ) -> Flow {
        self.run(init, input, &mut |machine, init| {
            let mut state = init;
            machine.run(items, input, &mut |machine, item| {
                machine.bind(pattern, &item, input, &mut |machine| {
                    let before = std::mem::take(&mut state);
                    // The last output of the update stands; none of them is null.
                    machine.run(update, &before, &mut |machine, value| {
                        machine.weigh(&value)?;
                        state = value;
                        Continue(())
                    })
                })
            })?;
            let result = std::mem::take(&mut state);
            out(machine, result)
        })
    }

    /// Take `value` apart into the variables of `pattern`.
    fn bind(
        &mut self,
        pattern: &Pattern,
        value: &Value,
        input: &Value,
        body: &mut dyn FnMut(&mut Machine<'_>) -> Flow,
    ) -> Flow {
        let height = self.locals.len();
        self.take_apart(pattern, value, input)?;
        let flow = body(self);
        self.locals.truncate(height);
        flow
    }

    fn take_apart(&mut self, pattern: &Pattern, value: &Value, input: &Value) -> Flow {
        match pattern {
            Pattern::Variable(slot) => {
                self.weigh(value)?;
                self.locals.push((*slot, value.clone()));
            }
            Pattern::Array(parts) => {
                if !value.is_array() && !value.is_null() {
                    return error(format!("{} cannot be taken apart as an array", kind(value)));
                }
                for (nth, part) in parts.iter().enumerate() {
                    self.take_apart(part, value.get(nth).unwrap_or(&Value::Null), input)?;
                }
            }
            Pattern::Object(members) => {
                for (key, part) in members {
                    let key = self.take_first(key, input)?.unwrap_or(Value::Null);
                    let Value::String(key) = key else { return error("a key of a pattern must be a text") };
                    self.take_apart(part, value.get(&key).unwrap_or(&Value::Null), input)?;
                }
            }
        }
        Continue(())
    }

    /// `a op b`
    pub fn math(&mut self, math: Math, a: &Value, b: &Value) -> ControlFlow<Stop, Value> {
        self.weigh(a)?;
        self.weigh(b)?;
        let refused =
            || Break(Stop::Error(json!(format!("{} {} {} is not possible", kind(a), math.as_str(), kind(b)))));
        Continue(match (math, a, b) {
            (_, Value::Number(a), Value::Number(b)) => match number::compute(math, a, b) {
                Some(value) => value,
                None => return Break(Stop::Error(json!(format!("{a} {} {b} has no result", math.as_str())))),
            },
            (Math::Add, Value::Null, other) | (Math::Add, other, Value::Null) => other.clone(),
            (Math::Add, Value::String(a), Value::String(b)) => Value::String(format!("{a}{b}")),
            (Math::Add, Value::Array(a), Value::Array(b)) => Value::Array([a.as_slice(), b.as_slice()].concat()),
            (Math::Add, Value::Object(a), Value::Object(b)) => {
                let mut sum = a.clone();
                sum.extend(b.clone());
                Value::Object(sum)
            }
            (Math::Sub, Value::Array(a), Value::Array(b)) => {
                self.pay((a.len() as u64).saturating_mul(b.len() as u64))?;
                Value::Array(a.iter().filter(|it| !b.contains(it)).cloned().collect())
            }
            (Math::Mul, Value::String(text), Value::Number(times))
            | (Math::Mul, Value::Number(times), Value::String(text)) => {
                let times = number::place(times).unwrap_or(0);
                let bytes = usize::try_from(times).unwrap_or(0).saturating_mul(text.len());
                if bytes > SIZE_MAX {
                    return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "a text grows too large"));
                }
                self.pay(bytes as u64 / 64)?;
                if times <= 0 { Value::Null } else { Value::String(text.repeat(usize::try_from(times).unwrap_or(0))) }
            }
            (Math::Mul, Value::Object(a), Value::Object(b)) => merged(a, b),
            (Math::Div, Value::String(text), Value::String(separator)) => values::split(text, separator),
            _ => return refused(),
        })
    }
}

/// Objects merged into one another, all the way down.
fn merged(a: &Map<String, Value>, b: &Map<String, Value>) -> Value {
    let mut merged_map = a.clone();
    for (key, value) in b {
        let value = match (merged_map.get(key), value) {
            (Some(Value::Object(a)), Value::Object(b)) => merged(a, b),
            _ => value.clone(),
        };
        merged_map.insert(key.clone(), value);
    }
    Value::Object(merged_map)
}

/// Whether a value counts as true.
pub fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

fn holds(cmp: Cmp, a: &Value, b: &Value) -> bool {
    let order = compare(a, b);
    match cmp {
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
    }
}

/// About how many bytes of JSON a value has; none when they are more than `most`.
pub fn size(value: &Value, most: usize) -> Option<usize> {
    let mut bytes = 0usize;
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        bytes = bytes.saturating_add(match value {
            Value::String(text) => text.len() + 2,
            Value::Array(items) => {
                left.extend(items);
                items.len() + 2
            }
            Value::Object(members) => {
                left.extend(members.values());
                members.keys().map(|key| key.len() + 4).sum::<usize>() + 2
            }
            _ => 6,
        });
        if bytes > most {
            return None;
        }
    }
    Some(bytes)
}
