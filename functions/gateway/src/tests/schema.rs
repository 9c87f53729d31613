//! As much of JSON Schema as the description uses, to hold answers against it.

use serde_json::Value;

/// Why `value` is not what `schema` says; nothing if it is.
pub fn objection(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{reference}"));
        return objection(root, target, value);
    }
    if let Some(wanted) = schema.get("const") {
        return (value != wanted).then(|| format!("{value} is not {wanted}"));
    }
    if let Some(wanted) = schema["enum"].as_array() {
        return (!wanted.contains(value)).then(|| format!("{value} is none of {wanted:?}"));
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(alternatives) = schema[alternatives].as_array() {
            let objections: Vec<_> = alternatives.iter().map(|one| objection(root, one, value)).collect();
            let fitting = objections.iter().filter(|objection| objection.is_none()).count();
            return (fitting != 1).then(|| format!("{fitting} alternatives fit {value}: {objections:?}"));
        }
    }
    // What says nothing allows everything.
    let kind = schema["type"].as_str()?;
    match kind {
        "object" => object(root, schema, value),
        "array" => value.as_array().map_or_else(
            || Some(format!("{value} is no list")),
            |items| items.iter().find_map(|item| objection(root, &schema["items"], item)),
        ),
        "string" => (!value.is_string()).then(|| format!("{value} is no text")),
        "integer" => (!value.is_u64()).then(|| format!("{value} is no whole number")),
        "boolean" => (!value.is_boolean()).then(|| format!("{value} is neither true nor false")),
        "null" => (!value.is_null()).then(|| format!("{value} is not null")),
        other => panic!("the description uses {other}"),
    }
}

fn object(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    let Some(members) = value.as_object() else { return Some(format!("{value} is no object")) };
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !members.contains_key(name) {
            return Some(format!("{name} is not in {value}"));
        }
    }
    members.iter().find_map(|(name, member)| match (schema["properties"].get(name), &schema["additionalProperties"]) {
        (Some(known), _) => objection(root, known, member),
        (None, Value::Bool(false)) => Some(format!("{name} is not described")),
        (None, Value::Null) => None,
        (None, others) => objection(root, others, member),
    })
}
