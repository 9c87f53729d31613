//! Paths: reading what they lead to, and writing there.

use super::evaluate::{Flow, Machine, Out, Stop, error, is_true};
use super::node::{Node, Step};
use super::order::kind;
use super::{ExpressionErrorKind, number};
use serde_json::{Map, Value, json};
use std::ops::ControlFlow::{self, Break, Continue};

/// The longest list that writing may make.
const PLACES_MAX: usize = 100_000;
/// The longest path.
const PATH_MAX: usize = 256;

/// Takes a path and what it leads to.
pub type OutPath<'o> = &'o mut dyn FnMut(&mut Machine<'_>, Vec<Value>, Value) -> Flow;

/// What becomes of the value at a place; nothing when it is left out.
type Change<'c> = &'c mut dyn FnMut(&mut Machine<'_>, Value) -> ControlFlow<Stop, Option<Value>>;

impl Machine<'_> {
    /// What a path leads to.
    pub fn values_of_path(&mut self, node: &Node, input: &Value, out: Out<'_>) -> Flow {
        match node {
            Node::Path(head, steps) => self.run(head, input, &mut |machine, value| {
                machine.follow(steps, &value, input, &Vec::new(), &mut |machine, _, value| out(machine, value))
            }),
            _ => self.descend(input, &Vec::new(), &mut |machine, _, value| out(machine, value)),
        }
    }

    /// Paths that `node` leads along, and what stands at their ends.
    pub fn paths(&mut self, node: &Node, path: &Vec<Value>, value: &Value, out: OutPath<'_>) -> Flow {
        self.pay(1)?;
        if path.len() > PATH_MAX {
            return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "a path grows too long"));
        }
        match node {
            Node::One(inner) => self.paths(inner, path, value, out),
            Node::Identity => out(self, path.clone(), value.clone()),
            Node::Recurse => self.descend(value, path, out),
            Node::Path(head, steps) => self
                .paths(head, path, value, &mut |machine, path, here| machine.follow(steps, &here, value, &path, out)),
            Node::Pipe(left, right) => {
                self.paths(left, path, value, &mut |machine, path, value| machine.paths(right, &path, &value, out))
            }
            Node::Comma(left, right) => {
                self.paths(left, path, value, out)?;
                self.paths(right, path, value, out)
            }
            Node::If(condition, then, otherwise) => {
                let holds = self.take_first(condition, value)?.is_some_and(|it| is_true(&it));
                self.paths(if holds { then } else { otherwise }, path, value, out)
            }
            Node::Otherwise(left, right) => {
                let mut any = false;
                self.paths(left, path, value, &mut |machine, path, value| {
                    if !is_true(&value) {
                        return Continue(());
                    }
                    any = true;
                    out(machine, path, value)
                })?;
                if any { Continue(()) } else { self.paths(right, path, value, out) }
            }
            Node::Try(body, None) => match self.paths(body, path, value, out) {
                Break(Stop::Error(_)) => Continue(()),
                flow => flow,
            },
            Node::Call(name, arguments) => self.paths_of_call(name, arguments, path, value, out),
            _ => error("this is no path: only what leads to a place can be written to"),
        }
    }

    fn paths_of_call(
        &mut self,
        name: &str,
        arguments: &[Node],
        path: &Vec<Value>,
        value: &Value,
        out: OutPath<'_>,
    ) -> Flow {
        match (name, arguments) {
            ("empty", []) => Continue(()),
            ("select", [condition]) => {
                let holds = self.take_first(condition, value)?.is_some_and(|it| is_true(&it));
                if holds { out(self, path.clone(), value.clone()) } else { Continue(()) }
            }
            ("recurse", []) => self.descend(value, path, out),
            ("first", []) => self.follow(&[(Step::Index(Node::Constant(json!(0))), false)], value, value, path, out),
            ("last", []) => self.follow(&[(Step::Index(Node::Constant(json!(-1))), false)], value, value, path, out),
            ("first", [inner]) => {
                let asker = self.asker();
                let flow = self.paths(inner, path, value, &mut |machine, path, value| {
                    out(machine, path, value)?;
                    Break(Stop::Enough(asker))
                });
                match flow {
                    Break(Stop::Enough(who)) if who == asker => Continue(()),
                    flow => flow,
                }
            }
            ("getpath", [at]) => {
                let Some(Value::Array(more)) = self.take_first(at, value)? else { return error("a path is an array") };
                let here = read(value, &more);
                out(self, [path.as_slice(), &more].concat(), here)
            }
            _ => error(format!("{name} is no path: only what leads to a place can be written to")),
        }
    }

    /// The value itself and everything below, outermost first.
    fn descend(&mut self, value: &Value, path: &[Value], out: OutPath<'_>) -> Flow {
        let mut left = vec![(path.to_vec(), value.clone())];
        while let Some((path, value)) = left.pop() {
            self.pay(1)?;
            self.weigh(&value)?;
            let mut below: Vec<(Vec<Value>, Value)> =
                children(&value).map(|(key, child)| ([path.as_slice(), &[key]].concat(), child.clone())).collect();
            self.pay(below.len() as u64)?;
            below.reverse();
            out(self, path, value)?;
            left.extend(below);
        }
        Continue(())
    }

    /// Follow `steps` from `value`; what stands in brackets is evaluated on `outside`.
    fn follow(
        &mut self,
        steps: &[(Step, bool)],
        value: &Value,
        outside: &Value,
        path: &Vec<Value>,
        out: OutPath<'_>,
    ) -> Flow {
        let Some(((step, optional), rest)) = steps.split_first() else {
            self.weigh(value)?;
            return out(self, path.clone(), value.clone());
        };
        match step {
            Step::Each => {
                if !value.is_array() && !value.is_object() {
                    return if *optional { Continue(()) } else { error(format!("{} has no parts", kind(value))) };
                }
                for (key, child) in children(value) {
                    self.pay(1)?;
                    self.follow(rest, child, outside, &[path.as_slice(), &[key]].concat(), out)?;
                }
                Continue(())
            }
            Step::Index(index) => self.run(index, outside, &mut |machine, key| match child(value, &key) {
                Ok(found) => machine.follow(rest, &found, outside, &[path.as_slice(), &[key]].concat(), out),
                Err(_) if *optional => Continue(()),
                Err(why) => error(why),
            }),
            Step::Slice(from, to) => {
                let from = from.as_ref().map(|from| self.take_first(from, outside)).unwrap_or(Continue(None))?;
                let to = to.as_ref().map(|to| self.take_first(to, outside)).unwrap_or(Continue(None))?;
                let key = json!({"start": from, "end": to});
                match child(value, &key) {
                    Ok(found) => self.follow(rest, &found, outside, &[path.as_slice(), &[key]].concat(), out),
                    Err(_) if *optional => Continue(()),
                    Err(why) => error(why),
                }
            }
        }
    }

    /// `=`, `|=` and their like.
    pub fn assign(&mut self, node: &Node, input: &Value, out: Out<'_>) -> Flow {
        match node {
            Node::Assign(place, value) => self.run(value, input, &mut |machine, value| {
                let result = machine.changed(place, input, &mut |_, _| Continue(Some(value.clone())))?;
                out(machine, result)
            }),
            Node::Update(place, update) => {
                let result = self.changed(place, input, &mut |machine, old| machine.take_first(update, &old))?;
                out(self, result)
            }
            Node::UpdateMath(math, place, value) => self.run(value, input, &mut |machine, value| {
                let result = machine
                    .changed(place, input, &mut |machine, old| machine.math(*math, &old, &value).map_continue(Some))?;
                out(machine, result)
            }),
            Node::UpdateOtherwise(place, value) => self.run(value, input, &mut |machine, value| {
                let result = machine.changed(place, input, &mut |_, old| {
                    Continue(Some(if is_true(&old) { old } else { value.clone() }))
                })?;
                out(machine, result)
            }),
            _ => error("this cannot be evaluated"),
        }
    }

    /// `input` with everything at `place` changed; what changes to nothing is left out.
    pub fn changed(&mut self, place: &Node, input: &Value, change: Change<'_>) -> ControlFlow<Stop, Value> {
        let mut paths = Vec::new();
        self.paths(place, &Vec::new(), input, &mut |_, path, _| {
            paths.push(path);
            Continue(())
        })?;
        let mut result = input.clone();
        let mut gone = Vec::new();
        for path in paths {
            self.weigh(&result)?;
            let old = read(&result, &path);
            match change(self, old)? {
                Some(new) => write(&mut result, &path, new)?,
                None => gone.push(path),
            }
        }
        self.without(result, gone)
    }

    /// `value` without what stands at `paths`.
    pub fn without(&mut self, value: Value, mut paths: Vec<Vec<Value>>) -> ControlFlow<Stop, Value> {
        // From the back, so that places in front keep their numbers.
        paths.sort_by(|a, b| super::order::compare(&json!(b), &json!(a)));
        let mut result = value;
        for path in paths {
            self.pay(1)?;
            let Some((last, front)) = path.split_last() else { return Continue(Value::Null) };
            if let Some(parent) = at_mut(&mut result, front) {
                remove(parent, last);
            }
        }
        Continue(result)
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = (Value, &Value)> + '_> {
    match value {
        Value::Array(items) => Box::new(items.iter().enumerate().map(|(nth, item)| (json!(nth), item))),
        Value::Object(members) => Box::new(members.iter().map(|(key, value)| (json!(key), value))),
        _ => Box::new(std::iter::empty()),
    }
}

/// The part of `value` that `key` names.
pub fn child(value: &Value, key: &Value) -> Result<Value, String> {
    match (value, key) {
        (Value::Null, Value::String(_) | Value::Number(_) | Value::Null | Value::Object(_)) => Ok(Value::Null),
        (Value::Object(members), Value::String(key)) => Ok(members.get(key).cloned().unwrap_or(Value::Null)),
        (Value::Array(items), Value::Number(place)) => {
            Ok(place_in(items.len(), place).and_then(|nth| items.get(nth)).cloned().unwrap_or(Value::Null))
        }
        (Value::Array(items), Value::Object(slice)) => {
            let (from, to) = bounds(slice, items.len())?;
            Ok(Value::Array(items.get(from..to).unwrap_or_default().to_vec()))
        }
        (Value::String(text), Value::Object(slice)) => {
            let letters: Vec<char> = text.chars().collect();
            let (from, to) = bounds(slice, letters.len())?;
            Ok(Value::String(letters.get(from..to).unwrap_or_default().iter().collect()))
        }
        _ => Err(format!("{} has no part {key}", kind(value))),
    }
}

fn place_in(length: usize, place: &serde_json::Number) -> Option<usize> {
    let place = number::place(place)?;
    if place >= 0 {
        usize::try_from(place).ok()
    } else {
        length.checked_sub(usize::try_from(place.checked_neg()?).ok()?)
    }
}

fn bounds(slice: &Map<String, Value>, length: usize) -> Result<(usize, usize), String> {
    let bound = |name: &str, otherwise: usize| match slice.get(name) {
        None | Some(Value::Null) => Ok(otherwise),
        Some(Value::Number(place)) => {
            let place = number::place(place).ok_or("a bound of a slice is too large")?;
            let from_end = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
            Ok(if place < 0 { length.saturating_sub(from_end) } else { from_end.min(length) })
        }
        Some(other) => Err(format!("a {} is no bound of a slice", kind(other))),
    };
    let (from, to) = (bound("start", 0)?, bound("end", length)?);
    Ok((from, to.max(from)))
}

/// What stands at `path`; null when nothing does.
pub fn read(value: &Value, path: &[Value]) -> Value {
    let mut here = value.clone();
    for key in path {
        here = child(&here, key).unwrap_or(Value::Null);
    }
    here
}

/// Put `new` at `path`, making what leads there.
pub fn write(value: &mut Value, path: &[Value], new: Value) -> Flow {
    let Some((key, rest)) = path.split_first() else {
        *value = new;
        return Continue(());
    };
    match (&mut *value, key) {
        (Value::Null, Value::String(_)) => *value = json!({}),
        (Value::Null, Value::Number(_) | Value::Object(_)) => *value = json!([]),
        _ => {}
    }
    match (value, key) {
        (Value::Object(members), Value::String(key)) => {
            write(members.entry(key.clone()).or_insert(Value::Null), rest, new)
        }
        (Value::Array(items), Value::Number(place)) => {
            let Some(nth) = place_in(items.len(), place).filter(|nth| *nth < PLACES_MAX) else {
                return error("there is no such place in the array");
            };
            if items.len() <= nth {
                items.resize(nth + 1, Value::Null);
            }
            items.get_mut(nth).map_or(Continue(()), |item| write(item, rest, new))
        }
        (Value::Array(items), Value::Object(slice)) if rest.is_empty() => {
            let (Ok((from, to)), Value::Array(new)) = (bounds(slice, items.len()), new) else {
                return error("a slice can only be replaced by an array");
            };
            items.splice(from..to, new);
            Continue(())
        }
        (value, key) => error(format!("{} has no place {key}", kind(value))),
    }
}

fn at_mut<'v>(value: &'v mut Value, path: &[Value]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, key| match (value, key) {
        (Value::Object(members), Value::String(key)) => members.get_mut(key),
        (Value::Array(items), Value::Number(place)) => {
            let nth = place_in(items.len(), place)?;
            items.get_mut(nth)
        }
        _ => None,
    })
}

fn remove(value: &mut Value, key: &Value) {
    match (value, key) {
        (Value::Object(members), Value::String(key)) => drop(members.remove(key)),
        (Value::Array(items), Value::Number(place)) => {
            if let Some(nth) = place_in(items.len(), place).filter(|nth| *nth < items.len()) {
                items.remove(nth);
            }
        }
        (Value::Array(items), Value::Object(slice)) => {
            if let Ok((from, to)) = bounds(slice, items.len()) {
                items.drain(from..to);
            }
        }
        _ => {}
    }
}
