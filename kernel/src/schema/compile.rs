//! From a schema as written to one that can be checked against.

use super::{DEPTH_MAX, PARTS_MAX, Part};
use serde_json::{Map, Value};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Keywords that say something to people only.
const REMARKS: [&str; 15] = [
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
];

struct Compiler<'a> {
    root: &'a Value,
    parts: usize,
}

pub fn compile(schema: &Value) -> Result<Part, String> {
    Compiler { root: schema, parts: 0 }.part(schema, "", 0)
}

impl Compiler<'_> {
    fn part(&mut self, schema: &Value, at: &str, depth: usize) -> Result<Part, String> {
        self.parts += 1;
        if depth > DEPTH_MAX || self.parts > PARTS_MAX {
            return Err(format!("{at}: the schema nests too deep, or refers to itself"));
        }
        let members = match schema {
            Value::Bool(true) => return Ok(Part::default()),
            Value::Bool(false) => return Ok(Part { never: true, ..Part::default() }),
            Value::Object(members) => members,
            _ => return Err(format!("{at}: a schema is an object, true or false")),
        };
        let mut part = Part::default();
        for (keyword, value) in members {
            let at = format!("{at}/{keyword}");
            self.keyword(&mut part, members, keyword, value, &at, depth)
                .map_err(|why| if why.starts_with('/') { why } else { format!("{at}: {why}") })?;
        }
        Ok(part)
    }

    fn keyword(
        &mut self,
        part: &mut Part,
        members: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        at: &str,
        depth: usize,
    ) -> Result<(), String> {
        match keyword {
            "type" => part.types = types(value)?,
            "enum" => part.choices = Some(value.as_array().ok_or("it is not a list")?.clone()),
            "const" => part.choices = Some(vec![value.clone()]),
            "minimum" => {
                part.minimum = Some((number(value)?, members.get("exclusiveMinimum") == Some(&Value::Bool(true))))
            }
            "maximum" => {
                part.maximum = Some((number(value)?, members.get("exclusiveMaximum") == Some(&Value::Bool(true))))
            }
            // Draft 4 says by true or false what later drafts say by a number.
            "exclusiveMinimum" | "exclusiveMaximum" if value.is_boolean() => {}
            "exclusiveMinimum" => part.minimum = Some((number(value)?, true)),
            "exclusiveMaximum" => part.maximum = Some((number(value)?, true)),
            "multipleOf" => part.multiple_of = Some(number(value)?),
            "minLength" => part.length.0 = Some(amount(value)?),
            "maxLength" => part.length.1 = Some(amount(value)?),
            "minItems" => part.count.0 = Some(amount(value)?),
            "maxItems" => part.count.1 = Some(amount(value)?),
            "minProperties" => part.members.0 = Some(amount(value)?),
            "maxProperties" => part.members.1 = Some(amount(value)?),
            "uniqueItems" => part.unique = value.as_bool().ok_or("it is neither true nor false")?,
            "required" => part.required = texts(value)?,
            "items" if value.is_array() => part.first = self.parts(value, at, depth)?,
            "items" => part.items = Some(Box::new(self.part(value, at, depth + 1)?)),
            "prefixItems" => part.first = self.parts(value, at, depth)?,
            "additionalItems" => part.items = Some(Box::new(self.part(value, at, depth + 1)?)),
            "properties" => {
                for (name, schema) in value.as_object().ok_or("it is not an object")? {
                    part.properties.push((name.clone(), self.part(schema, &format!("{at}/{name}"), depth + 1)?));
                }
            }
            "additionalProperties" => part.additional = Some(Box::new(self.part(value, at, depth + 1)?)),
            "allOf" => part.all.extend(self.parts(value, at, depth)?),
            "anyOf" => part.any = self.parts(value, at, depth)?,
            "oneOf" => part.one = self.parts(value, at, depth)?,
            "not" => part.not = Some(Box::new(self.part(value, at, depth + 1)?)),
            "$ref" => {
                let target = self.target(value.as_str().ok_or("it is not a text")?)?.clone();
                part.all.push(self.part(&target, at, depth + 1)?);
            }
            remark if REMARKS.contains(&remark) || remark.starts_with("x-") => {}
            "pattern" | "patternProperties" => {
                return Err(
                    "regular expressions are not checked here; say it by enum, minLength or maxLength".to_owned()
                );
            }
            other => return Err(format!("the keyword {other} is not understood here")),
        }
        Ok(())
    }

    fn parts(&mut self, value: &Value, at: &str, depth: usize) -> Result<Vec<Part>, String> {
        let list = value.as_array().ok_or("it is not a list")?;
        list.iter().enumerate().map(|(nth, schema)| self.part(schema, &format!("{at}/{nth}"), depth + 1)).collect()
    }

    fn target(&self, reference: &str) -> Result<&Value, String> {
        let pointer = reference.strip_prefix('#').ok_or("only references within the schema are followed")?;
        self.root.pointer(pointer).ok_or_else(|| format!("there is nothing at {reference}"))
    }
}

fn types(value: &Value) -> Result<Vec<String>, String> {
    let types = if value.is_string() { vec![value.as_str().unwrap_or_default().to_owned()] } else { texts(value)? };
    match types.iter().find(|name| !TYPES.contains(&name.as_str())) {
        Some(unknown) => Err(format!("{unknown} is not a type; the types are {}", TYPES.join(", "))),
        None => Ok(types),
    }
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().ok_or("it is not a list")?;
    list.iter().map(|it| it.as_str().map(str::to_owned).ok_or_else(|| "it is not a list of texts".to_owned())).collect()
}

fn number(value: &Value) -> Result<serde_json::Number, String> {
    value.as_number().cloned().ok_or_else(|| "it is not a number".to_owned())
}

fn amount(value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| "it is not a whole number from 0 on".to_owned())
}
