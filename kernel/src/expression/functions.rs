//! The filters there are. A program that uses another one is refused when it is parsed.

use super::evaluate::{Flow, Machine, Out, Stop, error, is_true};
use super::node::Node;
use super::order::{compare, kind};
use super::values::{from_entries, simple, with_value};
use super::{ExpressionErrorKind, SIZE_MAX, access, number};
use serde_json::{Map, Value, json};
use std::ops::ControlFlow::{self, Break, Continue};

/// Names, with how many arguments.
pub const NAMES: &[(&str, usize)] = &[
    ("abs", 0),
    ("add", 0),
    ("add", 1),
    ("all", 0),
    ("all", 1),
    ("any", 0),
    ("any", 1),
    ("arrays", 0),
    ("ascii_downcase", 0),
    ("ascii_upcase", 0),
    ("booleans", 0),
    ("ceil", 0),
    ("contains", 1),
    ("del", 1),
    ("delpaths", 1),
    ("empty", 0),
    ("endswith", 1),
    ("error", 0),
    ("error", 1),
    ("explode", 0),
    ("false", 0),
    ("first", 0),
    ("first", 1),
    ("flatten", 0),
    ("flatten", 1),
    ("floor", 0),
    ("from_entries", 0),
    ("fromjson", 0),
    ("getpath", 1),
    ("group_by", 1),
    ("has", 1),
    ("implode", 0),
    ("in", 1),
    ("index", 1),
    ("indices", 1),
    ("inside", 1),
    ("isempty", 1),
    ("iterables", 0),
    ("join", 1),
    ("keys", 0),
    ("keys_unsorted", 0),
    ("last", 0),
    ("last", 1),
    ("length", 0),
    ("limit", 2),
    ("ltrimstr", 1),
    ("ltrim", 0),
    ("map", 1),
    ("map_values", 1),
    ("max", 0),
    ("max_by", 1),
    ("min", 0),
    ("min_by", 1),
    ("not", 0),
    ("nth", 1),
    ("nth", 2),
    ("null", 0),
    ("nulls", 0),
    ("numbers", 0),
    ("objects", 0),
    ("path", 1),
    ("paths", 0),
    ("pick", 1),
    ("range", 1),
    ("range", 2),
    ("range", 3),
    ("recurse", 0),
    ("recurse", 1),
    ("repeat", 1),
    ("reverse", 0),
    ("rindex", 1),
    ("round", 0),
    ("rtrimstr", 1),
    ("rtrim", 0),
    ("scalars", 0),
    ("select", 1),
    ("setpath", 2),
    ("skip", 2),
    ("sort", 0),
    ("sort_by", 1),
    ("split", 1),
    ("startswith", 1),
    ("strings", 0),
    ("to_entries", 0),
    ("toboolean", 0),
    ("tojson", 0),
    ("tonumber", 0),
    ("tostring", 0),
    ("transpose", 0),
    ("trim", 0),
    ("true", 0),
    ("type", 0),
    ("unique", 0),
    ("unique_by", 1),
    ("until", 2),
    ("utf8bytelength", 0),
    ("values", 0),
    ("walk", 1),
    ("while", 2),
    ("with_entries", 1),
];

/// The filter of that name and number of arguments.
pub fn find(name: &str, arguments: usize) -> Option<&'static str> {
    NAMES.iter().find(|(known, count)| *known == name && *count == arguments).map(|(known, _)| *known)
}

/// Hand every output of the filter to `out`.
pub fn call(machine: &mut Machine<'_>, name: &str, arguments: &[Node], input: &Value, out: Out<'_>) -> Flow {
    match arguments {
        [] => nullary(machine, name, input, out),
        [one] => unary(machine, name, one, input, out),
        [one, two] => binary(machine, name, one, two, input, out),
        [from, to, by] => range(machine, Some(from), to, Some(by), input, out),
        _ => error(format!("{name} does not take so many arguments")),
    }
}

fn nullary(machine: &mut Machine<'_>, name: &str, input: &Value, out: Out<'_>) -> Flow {
    let keep = match name {
        "empty" => return Continue(()),
        "error" => return Break(Stop::Error(input.clone())),
        "recurse" => return machine.values_of_path(&Node::Recurse, input, out),
        "paths" => {
            return machine.paths(&Node::Recurse, &Vec::new(), input, &mut |machine, path, _| {
                if path.is_empty() { Continue(()) } else { out(machine, Value::Array(path)) }
            });
        }
        "values" => Some(!input.is_null()),
        "nulls" => Some(input.is_null()),
        "booleans" => Some(input.is_boolean()),
        "numbers" => Some(input.is_number()),
        "strings" => Some(input.is_string()),
        "arrays" => Some(input.is_array()),
        "objects" => Some(input.is_object()),
        "iterables" => Some(input.is_array() || input.is_object()),
        "scalars" => Some(!input.is_array() && !input.is_object()),
        _ => None,
    };
    match keep {
        Some(true) => out(machine, input.clone()),
        Some(false) => Continue(()),
        None => {
            let bytes = machine.weigh(input)?;
            // Sorting and its like look at everything more than once.
            machine.pay(bytes as u64 / 8)?;
            match simple(name, input) {
                Ok(value) => {
                    machine.weigh(&value)?;
                    out(machine, value)
                }
                Err(why) => error(why),
            }
        }
    }
}

fn unary(machine: &mut Machine<'_>, name: &str, argument: &Node, input: &Value, out: Out<'_>) -> Flow {
    match name {
        "select" => machine.run(argument, input, &mut |machine, value| {
            if is_true(&value) { out(machine, input.clone()) } else { Continue(()) }
        }),
        "map" => {
            let each = Node::Pipe(Box::new(each()), Box::new(argument.clone()));
            let items = machine.all(&each, input)?;
            out(machine, Value::Array(items))
        }
        "error" => machine.run(argument, input, &mut |_, value| Break(Stop::Error(value))),
        "add" => {
            let items = machine.all(argument, input)?;
            simple("add", &Value::Array(items)).map_or_else(error, |value| out(machine, value))
        }
        "any" | "all" => {
            let each = Node::Pipe(Box::new(each()), Box::new(argument.clone()));
            let items = machine.all(&each, input)?;
            simple(name, &Value::Array(items)).map_or_else(error, |value| out(machine, value))
        }
        "first" => match machine.take_first(argument, input)? {
            Some(value) => out(machine, value),
            None => Continue(()),
        },
        "last" => match machine.all(argument, input)?.pop() {
            Some(value) => out(machine, value),
            None => Continue(()),
        },
        "isempty" => {
            let empty = machine.take_first(argument, input)?.is_none();
            out(machine, json!(empty))
        }
        "range" => range(machine, None, argument, None, input, out),
        "recurse" => grow(machine, argument, None, true, input, out),
        "repeat" => grow(machine, argument, None, true, input, out),
        "sort_by" | "group_by" | "unique_by" | "min_by" | "max_by" => by(machine, name, argument, input, out),
        "with_entries" => {
            let entries = simple("to_entries", input).map_err(|why| Stop::Error(json!(why)));
            let entries = match entries {
                Ok(entries) => entries,
                Err(stop) => return Break(stop),
            };
            let each = Node::Pipe(Box::new(each()), Box::new(argument.clone()));
            let items = machine.all(&each, &entries)?;
            from_entries(&items).map_or_else(error, |value| out(machine, value))
        }
        "walk" => {
            let result = walk(machine, argument, input, 0)?;
            result.map_or(Continue(()), |value| out(machine, value))
        }
        "map_values" | "path" | "del" | "pick" => of_paths(machine, name, argument, input, out),
        _ => machine.run(argument, input, &mut |machine, argument| {
            machine.weigh(input)?;
            machine.weigh(&argument)?;
            match with_value(name, input, &argument) {
                Ok(value) => {
                    machine.weigh(&value)?;
                    out(machine, value)
                }
                Err(why) => error(why),
            }
        }),
    }
}

/// Filters whose argument leads to places.
fn of_paths(machine: &mut Machine<'_>, name: &str, argument: &Node, input: &Value, out: Out<'_>) -> Flow {
    match name {
        "map_values" => {
            let result = machine.changed(&each(), input, &mut |machine, old| machine.take_first(argument, &old))?;
            out(machine, result)
        }
        "path" => machine.paths(argument, &Vec::new(), input, &mut |machine, path, _| out(machine, Value::Array(path))),
        "del" => {
            let mut paths = Vec::new();
            machine.paths(argument, &Vec::new(), input, &mut |_, path, _| {
                paths.push(path);
                Continue(())
            })?;
            let result = machine.without(input.clone(), paths)?;
            out(machine, result)
        }
        _ => {
            let mut picked = Value::Null;
            machine
                .paths(argument, &Vec::new(), input, &mut |_, path, value| access::write(&mut picked, &path, value))?;
            out(machine, picked)
        }
    }
}

fn each() -> Node {
    Node::Path(Box::new(Node::Identity), vec![(super::node::Step::Each, false)])
}

fn by(machine: &mut Machine<'_>, name: &str, argument: &Node, input: &Value, out: Out<'_>) -> Flow {
    let Value::Array(items) = input else { return error(format!("{} has no {name}", kind(input))) };
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        keyed.push((Value::Array(machine.all(argument, item)?), item.clone()));
    }
    machine.pay((keyed.len() as u64).saturating_mul(8))?;
    keyed.sort_by(|a, b| compare(&a.0, &b.0));
    let value = match name {
        "sort_by" => Value::Array(keyed.into_iter().map(|(_, item)| item).collect()),
        "min_by" => keyed.into_iter().next().map_or(Value::Null, |(_, item)| item),
        "max_by" => keyed.pop().map_or(Value::Null, |(_, item)| item),
        _ => {
            let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
            for (key, item) in keyed {
                match groups.last_mut() {
                    Some((known, group)) if compare(known, &key).is_eq() => group.push(item),
                    _ => groups.push((key, vec![item])),
                }
            }
            let first = |group: Vec<Value>| group.into_iter().next().unwrap_or(Value::Null);
            let one = |group| if name == "unique_by" { first(group) } else { Value::Array(group) };
            Value::Array(groups.into_iter().map(|(_, group)| one(group)).collect())
        }
    };
    out(machine, value)
}

/// `walk(f)`: everything below first.
fn walk(machine: &mut Machine<'_>, f: &Node, value: &Value, depth: usize) -> ControlFlow<Stop, Option<Value>> {
    machine.pay(1)?;
    if depth > 128 {
        return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "the value nests too deep"));
    }
    let walked = match value {
        Value::Array(items) => {
            let mut walked = Vec::with_capacity(items.len());
            for item in items {
                walked.extend(walk(machine, f, item, depth + 1)?);
            }
            Value::Array(walked)
        }
        Value::Object(members) => {
            let mut walked = Map::new();
            for (key, member) in members {
                if let Some(member) = walk(machine, f, member, depth + 1)? {
                    walked.insert(key.clone(), member);
                }
            }
            Value::Object(walked)
        }
        other => other.clone(),
    };
    machine.take_first(f, &walked)
}

fn binary(machine: &mut Machine<'_>, name: &str, one: &Node, two: &Node, input: &Value, out: Out<'_>) -> Flow {
    match name {
        "range" => range(machine, Some(one), two, None, input, out),
        "while" => grow(machine, two, Some(one), true, input, out),
        "until" => grow(machine, two, Some(one), false, input, out),
        "limit" | "skip" | "nth" => {
            let Some(count) = machine.take_first(one, input)? else { return Continue(()) };
            let Some(count) = count.as_number().and_then(number::place) else {
                return error(format!("{} is no number of outputs", kind(&count)));
            };
            counted(machine, name, count, two, input, out)
        }
        "setpath" => machine.run(one, input, &mut |machine, path| {
            let Value::Array(path) = path else { return error("a path is an array") };
            machine.run(two, input, &mut |machine, value| {
                let mut result = input.clone();
                access::write(&mut result, &path, value)?;
                machine.weigh(&result)?;
                out(machine, result)
            })
        }),
        other => error(format!("there is no filter {other} with two arguments")),
    }
}

fn counted(machine: &mut Machine<'_>, name: &str, count: i64, node: &Node, input: &Value, out: Out<'_>) -> Flow {
    if name == "limit" && count <= 0 {
        return Continue(());
    }
    let asker = machine.asker();
    let mut seen = 0i64;
    let flow = machine.run(node, input, &mut |machine, value| {
        seen += 1;
        let wanted = match name {
            "limit" => true,
            "skip" => seen > count,
            _ => seen == count + 1,
        };
        if wanted {
            out(machine, value)?;
        }
        let enough = (name == "limit" && seen >= count) || (name == "nth" && wanted);
        if enough { Break(Stop::Enough(asker)) } else { Continue(()) }
    });
    match flow {
        Break(Stop::Enough(who)) if who == asker => Continue(()),
        flow => flow,
    }
}

fn range(
    machine: &mut Machine<'_>,
    from: Option<&Node>,
    to: &Node,
    by: Option<&Node>,
    input: &Value,
    out: Out<'_>,
) -> Flow {
    let zero = Node::Constant(json!(0));
    let one = Node::Constant(json!(1));
    machine.run(from.unwrap_or(&zero), input, &mut |machine, from| {
        machine.run(to, input, &mut |machine, to| {
            machine.run(by.unwrap_or(&one), input, &mut |machine, by| {
                let mut now = from.clone();
                let up = compare(&by, &json!(0)).is_gt();
                if compare(&by, &json!(0)).is_eq() || !by.is_number() || !now.is_number() {
                    return error("range goes from a number by a number that is not 0");
                }
                while if up { compare(&now, &to).is_lt() } else { compare(&now, &to).is_gt() } {
                    machine.pay(1)?;
                    out(machine, now.clone())?;
                    now = machine.math(jaq_core::ops::Math::Add, &now, &by)?;
                }
                Continue(())
            })
        })
    })
}

/// `recurse(f)`, `repeat(f)`, `while(c; f)` and `until(c; f)`: values grow out of one another, depth first, on a list
/// of our own rather than on the stack.
fn grow(
    machine: &mut Machine<'_>,
    f: &Node,
    condition: Option<&Node>,
    while_true: bool,
    input: &Value,
    out: Out<'_>,
) -> Flow {
    let mut left = vec![input.clone()];
    while let Some(value) = left.pop() {
        machine.pay(1)?;
        let holds = match condition {
            Some(condition) => machine.take_first(condition, &value)?.is_some_and(|it| is_true(&it)),
            None => true,
        };
        match (while_true, holds) {
            (true, false) => continue,
            (false, true) => {
                out(machine, value)?;
                continue;
            }
            (true, true) => out(machine, value.clone())?,
            (false, false) => {}
        }
        let mut more = machine.all(f, &value)?;
        more.reverse();
        for value in &more {
            machine.weigh(value)?;
        }
        if left.len() + more.len() > SIZE_MAX / 16 {
            return Break(Stop::Limit(ExpressionErrorKind::TooLarge, "too many values grow at once"));
        }
        left.extend(more);
    }
    Continue(())
}
