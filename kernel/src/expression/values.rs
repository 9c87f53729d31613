//! Filters that are functions of values: one input, perhaps one argument, one output.

use super::evaluate::{Machine, Stop, is_true};
use super::order::{compare, kind};
use super::{access, number, text};
use serde_json::{Map, Value, json};
use std::ops::ControlFlow::{Break, Continue};

/// The filter `name`, which takes no argument and gives one output.
pub fn simple(name: &str, input: &Value) -> Result<Value, String> {
    let refused = || format!("{} has no {name}", kind(input));
    Ok(match (name, input) {
        ("true", _) => json!(true),
        ("false", _) => json!(false),
        ("null", _) => Value::Null,
        ("not", value) => json!(!is_true(value)),
        ("type", value) => json!(kind(value)),
        ("tostring", value) => json!(text::plain(value)),
        ("tojson", value) => json!(value.to_string()),
        ("fromjson", Value::String(text)) => {
            serde_json::from_str(text).map_err(|why| format!("this is not JSON: {why}"))?
        }
        ("tonumber", Value::Number(_)) | ("toboolean", Value::Bool(_)) => input.clone(),
        ("tonumber", Value::String(text)) => number::read(text).ok_or_else(|| format!("{text:?} is not a number"))?,
        ("toboolean", Value::String(text)) if text == "true" || text == "false" => json!(text == "true"),
        ("length", Value::Null) => json!(0),
        ("length", Value::String(text)) => json!(text.chars().count()),
        ("length", Value::Array(items)) => json!(items.len()),
        ("length", Value::Object(members)) => json!(members.len()),
        ("length" | "abs", Value::Number(value)) => {
            if compare(input, &json!(0)).is_lt() {
                number::negate(value).unwrap_or(Value::Null)
            } else {
                input.clone()
            }
        }
        ("floor" | "ceil" | "round", Value::Number(value)) => number::rounded(value, name).ok_or_else(refused)?,
        (_, Value::String(text)) => of_text(name, text).ok_or_else(refused)?,
        (_, Value::Array(items)) => of_array(name, items)?.ok_or_else(refused)?,
        ("reverse", Value::Null) => json!([]),
        ("add", Value::Null) => Value::Null,
        ("keys" | "keys_unsorted", Value::Object(members)) => json!(members.keys().collect::<Vec<_>>()),
        ("to_entries", Value::Object(members)) => {
            Value::Array(members.iter().map(|(key, value)| json!({"key": key, "value": value})).collect())
        }
        ("add" | "any" | "all", Value::Object(members)) => {
            return simple(name, &Value::Array(members.values().cloned().collect()));
        }
        _ => return Err(refused()),
    })
}

fn of_text(name: &str, text: &str) -> Option<Value> {
    Some(match name {
        "ascii_downcase" => json!(text.to_ascii_lowercase()),
        "ascii_upcase" => json!(text.to_ascii_uppercase()),
        "trim" => json!(text.trim()),
        "ltrim" => json!(text.trim_start()),
        "rtrim" => json!(text.trim_end()),
        "utf8bytelength" => json!(text.len()),
        "explode" => json!(text.chars().map(u32::from).collect::<Vec<_>>()),
        "reverse" => json!(text.chars().rev().collect::<String>()),
        _ => return None,
    })
}

fn of_array(name: &str, items: &[Value]) -> Result<Option<Value>, String> {
    Ok(Some(match name {
        "keys" | "keys_unsorted" => json!((0..items.len()).collect::<Vec<_>>()),
        "first" => items.first().cloned().unwrap_or(Value::Null),
        "last" => items.last().cloned().unwrap_or(Value::Null),
        "reverse" => Value::Array(items.iter().rev().cloned().collect()),
        "sort" => Value::Array(sorted(items)),
        "unique" => {
            let mut unique = sorted(items);
            unique.dedup_by(|a, b| compare(a, b).is_eq());
            Value::Array(unique)
        }
        "min" => items.iter().min_by(|a, b| compare(a, b)).cloned().unwrap_or(Value::Null),
        "max" => items.iter().max_by(|a, b| compare(a, b)).cloned().unwrap_or(Value::Null),
        "any" => json!(items.iter().any(is_true)),
        "all" => json!(items.iter().all(is_true)),
        "add" => return sum(items).map(Some),
        "flatten" => Value::Array(flattened(items, u64::MAX)),
        "to_entries" => {
            Value::Array(items.iter().enumerate().map(|(key, value)| json!({"key": key, "value": value})).collect())
        }
        "from_entries" => from_entries(items)?,
        "transpose" => transposed(items),
        "implode" => {
            let letter = |it: &Value| it.as_u64().and_then(|it| u32::try_from(it).ok()).and_then(char::from_u32);
            let letters = items.iter().map(letter).collect::<Option<String>>();
            json!(letters.ok_or("not every number is a character")?)
        }
        _ => return Ok(None),
    }))
}

fn sum(items: &[Value]) -> Result<Value, String> {
    let mut machine = Machine::new(&[]);
    let mut total = Value::Null;
    // Texts and lists are joined at once: one after the other would copy the beginning again and again.
    if items.iter().all(Value::is_string) && !items.is_empty() {
        return Ok(json!(items.iter().filter_map(Value::as_str).collect::<String>()));
    }
    if items.iter().all(Value::is_array) && !items.is_empty() {
        return Ok(Value::Array(items.iter().filter_map(Value::as_array).flatten().cloned().collect()));
    }
    for item in items {
        total = match machine.math(jaq_core::ops::Math::Add, &total, item) {
            Continue(total) => total,
            Break(Stop::Error(why)) => return Err(text::plain(&why)),
            Break(_) => return Err("the sum grows too large".to_owned()),
        };
    }
    Ok(total)
}

fn sorted(items: &[Value]) -> Vec<Value> {
    let mut sorted = items.to_vec();
    sorted.sort_by(compare);
    sorted
}

fn flattened(items: &[Value], depth: u64) -> Vec<Value> {
    let mut flat = Vec::new();
    for item in items {
        match item {
            Value::Array(inner) if depth > 0 => flat.extend(flattened(inner, depth - 1)),
            other => flat.push(other.clone()),
        }
    }
    flat
}

/// An object of `key` and `value` pairs.
pub fn from_entries(items: &[Value]) -> Result<Value, String> {
    let mut members = Map::new();
    for item in items {
        let named = |names: [&str; 4]| names.into_iter().find_map(|name| item.get(name).filter(|it| !it.is_null()));
        let key = named(["key", "k", "name", "Name"]).map(text::plain).unwrap_or_else(|| "null".to_owned());
        let value = ["value", "v", "Value"].into_iter().find_map(|name| item.get(name)).cloned();
        if !item.is_object() {
            return Err(format!("{} is no entry", kind(item)));
        }
        members.insert(key, value.unwrap_or(Value::Null));
    }
    Ok(Value::Object(members))
}

fn transposed(items: &[Value]) -> Value {
    let width = items.iter().filter_map(Value::as_array).map(Vec::len).max().unwrap_or(0);
    let column = |nth: usize| items.iter().map(|row| row.get(nth).cloned().unwrap_or(Value::Null)).collect();
    Value::Array((0..width).map(|nth| Value::Array(column(nth))).collect())
}

/// `text` at every `separator`.
pub fn split(text: &str, separator: &str) -> Value {
    match (text, separator) {
        ("", _) => json!([]),
        (text, "") => Value::Array(text.chars().map(|c| json!(c.to_string())).collect()),
        (text, separator) => Value::Array(text.split(separator).map(|part| json!(part)).collect()),
    }
}

/// The filter `name`, which takes one value and gives one output.
pub fn with_value(name: &str, input: &Value, argument: &Value) -> Result<Value, String> {
    let refused = || format!("{} has no {name} with {}", kind(input), kind(argument));
    Ok(match (name, input, argument) {
        ("startswith", Value::String(text), Value::String(part)) => json!(text.starts_with(part.as_str())),
        ("endswith", Value::String(text), Value::String(part)) => json!(text.ends_with(part.as_str())),
        ("ltrimstr", Value::String(text), Value::String(part)) => {
            json!(text.strip_prefix(part.as_str()).unwrap_or(text))
        }
        ("rtrimstr", Value::String(text), Value::String(part)) => {
            json!(text.strip_suffix(part.as_str()).unwrap_or(text))
        }
        ("ltrimstr" | "rtrimstr", _, _) => input.clone(),
        ("split", Value::String(text), Value::String(separator)) => split(text, separator),
        ("join", Value::Array(items), Value::String(separator)) => {
            let part = |it: &Value| if it.is_null() { String::new() } else { text::plain(it) };
            json!(items.iter().map(part).collect::<Vec<_>>().join(separator))
        }
        ("has", Value::Object(members), Value::String(key)) => json!(members.contains_key(key)),
        ("has", Value::Array(items), Value::Number(place)) => {
            json!(number::place(place).and_then(|it| usize::try_from(it).ok()).is_some_and(|it| it < items.len()))
        }
        ("in", key, whole) => return with_value("has", whole, key),
        ("contains", whole, part) => json!(contains(whole, part)),
        ("inside", part, whole) => json!(contains(whole, part)),
        ("flatten", Value::Array(items), Value::Number(depth)) => {
            json!(flattened(items, depth.as_u64().ok_or("the depth of flatten must not be negative")?))
        }
        ("nth", value, place) => access::child(value, place)?,
        ("getpath", value, Value::Array(path)) => access::read(value, path),
        ("indices" | "index" | "rindex", _, _) => {
            let places = indices(input, argument).ok_or_else(refused)?;
            match name {
                "index" => places.first().map_or(Value::Null, |it| json!(it)),
                "rindex" => places.last().map_or(Value::Null, |it| json!(it)),
                _ => json!(places),
            }
        }
        ("delpaths", value, Value::Array(paths)) => {
            let paths = paths.iter().filter_map(Value::as_array).cloned().collect();
            match Machine::new(&[]).without(value.clone(), paths) {
                Continue(value) => value,
                Break(_) => return Err(refused()),
            }
        }
        _ => return Err(refused()),
    })
}

fn indices(input: &Value, wanted: &Value) -> Option<Vec<usize>> {
    match (input, wanted) {
        (Value::Null, _) => Some(Vec::new()),
        (Value::String(text), Value::String(part)) if !part.is_empty() => {
            let places = text.char_indices().enumerate();
            let hits =
                places.filter(|(_, (at, _))| text.get(*at..).is_some_and(|rest| rest.starts_with(part.as_str())));
            Some(hits.map(|(nth, _)| nth).collect())
        }
        (Value::Array(items), Value::Array(part)) if !part.is_empty() => Some(
            items
                .windows(part.len())
                .enumerate()
                .filter(|(_, it)| *it == part.as_slice())
                .map(|(nth, _)| nth)
                .collect(),
        ),
        (Value::Array(items), wanted) => {
            Some(items.iter().enumerate().filter(|(_, it)| *it == wanted).map(|(nth, _)| nth).collect())
        }
        _ => None,
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(part.as_str()),
        (Value::Array(whole), Value::Array(part)) => part.iter().all(|part| whole.iter().any(|it| contains(it, part))),
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|it| contains(it, part)))
        }
        _ => compare(whole, part).is_eq(),
    }
}
