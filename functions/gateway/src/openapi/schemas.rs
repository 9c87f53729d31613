//! The schemas that routes and commands name.

use super::answers;
use super::arguments::COMMANDS;
use crate::limits;
use kernel::command::{NAME_MAX, REPORT_MAX};
use kernel::reject::AMOUNT_MAX;
use ports::problem::Kind;
use serde_json::{Map, Value, json};

/// A reference to the schema called `name`.
pub fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A text of at most `bytes` bytes.
pub fn text(bytes: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": bytes})
}

/// Any text.
pub fn string() -> Value {
    json!({"type": "string"})
}

/// A point in time.
pub fn time() -> Value {
    json!({"type": "integer", "description": "Milliseconds since 1970."})
}

/// A whole number that every client represents exactly.
pub fn amount() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": AMOUNT_MAX})
}

/// A list of `of`.
pub fn list(of: &Value) -> Value {
    json!({"type": "array", "items": of})
}

/// `schema`, or nothing that can be read any more.
pub fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// An object whose members are all there, but for those in `absent`.
pub fn object(properties: &Value, absent: &[&str]) -> Value {
    let names = properties.as_object().into_iter().flat_map(Map::keys);
    let required: Vec<&String> = names.filter(|name| !absent.contains(&name.as_str())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Every schema.
pub fn all() -> Value {
    let mut all = Map::new();
    for group in [ids(), bodies(), answers::all(), problem()] {
        if let Value::Object(group) = group {
            all.extend(group);
        }
    }
    Value::Object(all)
}

/// Ids are texts that are copied, not made up; a pattern and an example tell them apart.
fn ids() -> Value {
    let bytes = "[0-9a-hjkmnp-tv-z]{26}";
    let number = "[1-9a-d][0-9a-hjkmnp-tv-z]{1,13}";
    let command = format!("{bytes}\\.{number}\\.{number}");
    let id =
        format!("{command}\\.(agent|approval|branch|call|effect|note|provider|step|task|turn|workflow)(\\.{number})?");
    let like = |pattern: &str, example: &str, what: &str| json!({"type": "string", "pattern": format!("^{pattern}$"), "examples": [example], "description": what});
    json!({
        "WorkspaceId": like(bytes, "7zr2m0f4kq1s8x3b6v9w5nchg4", "A workspace."),
        "CommandId": like(&command, "1c5h8a9xk2m4p7r0t3v6w9y2b4.10.15", "A command: device, incarnation, count."),
        "RuntimeId": like(&format!("{bytes}\\.{number}"), "1c5h8a9xk2m4p7r0t3v6w9y2b4.10", "A place that performs effects."),
        "BootId": like(bytes, "3d8n1q6s0v5x2z7b4f9h1k6m00", "One start of a runtime's process; random."),
        "Id": like(&id, "1c5h8a9xk2m4p7r0t3v6w9y2b4.10.15.task", "A thing that a command made."),
        "BranchId": like(&format!("(main|{id})"), "main", "A branch."),
        "Subject": like(
            &format!("(workspace|document/{bytes}|(agent|branch|note|provider|task|workflow)/{id})"),
            "task/1c5h8a9xk2m4p7r0t3v6w9y2b4.10.15.task",
            "Whose content a key seals."
        ),
        "Hash": like("[A-Za-z0-9_-]{43}", &"A".repeat(43), "32 bytes: a SHA-256 digest, an ed25519 public key, or the key of a file."),
    })
}

fn bodies() -> Value {
    let commands: Vec<Value> = COMMANDS.iter().map(|command| named(&schema_name(command.name))).collect();
    let mut bodies = json!({
        "Batch": object(&json!({
            "commands": {"type": "array", "minItems": 1, "maxItems": limits::COMMANDS, "items": named("Command")},
            "workspace": named("WorkspaceId"),
        }), &["workspace"]),
        "Command": {"oneOf": commands},
        "NewWorkspace": object(&json!({"id": named("WorkspaceId"), "name": text(NAME_MAX)}), &["id"]),
        "Export": object(&json!({
            "key": named("Hash"),
            "wrapped": {"type": "string", "description": "The key, wrapped by whoever asks: an armored age file. It goes into the file."},
            "after": {"type": "integer", "minimum": 0, "description": "Only what came after this position, and every data \
                key: a part, as backups have them. It cannot be imported by itself."},
        }), &["wrapped", "after"]),
        "NewSnapshot": with_example(object(&json!({
            "whole": {"type": "boolean", "description": "Of all rows, whatever the snapshot before says. What is damaged \
                of it is written again."},
        }), &["whole"]), json!({})),
        "BeginImport": object(&json!({
            "head": {"type": "string", "contentEncoding": "base64", "description": "The file up to the end of its first frame."},
            "key": named("Hash"),
        }), &[]),
        "Says": {"enum": ["approve", "reject", "answer"], "examples": ["approve"]},
        "Limits": with_example(object(&json!({
            "turns": amount(), "tokens": amount(), "cost_micros": amount(), "ms": amount(),
        }), &["turns", "tokens", "cost_micros", "ms"]), json!({"turns": 12})),
        "Prices": with_example(object(&json!({
            "input_micros_per_mtok": amount(), "output_micros_per_mtok": amount(),
        }), &["input_micros_per_mtok", "output_micros_per_mtok"]), json!({"input_micros_per_mtok": 250_000})),
        "Reported": {
            "oneOf": [
                object(&json!({
                    "is": {"const": "answered"},
                    "text": {"type": "string", "maxLength": REPORT_MAX},
                    "calls": list(&object(&json!({"id": string(), "name": string(), "arguments": string()}), &[])),
                    "stop": text(32),
                    "input_tokens": amount(),
                    "output_tokens": amount(),
                }), &["calls", "input_tokens", "output_tokens"]),
                object(&json!({"is": {"const": "returned"}, "result": {}}), &[]),
                object(&json!({
                    "is": {"const": "failed"},
                    "class": text(32),
                    "detail": {"type": "string", "maxLength": REPORT_MAX},
                    "retriable": {"type": "boolean"},
                    "retry_after_ms": amount(),
                    "sent": {"type": "boolean", "description": "Something was sent, so that it may have taken place."},
                }), &["retriable", "retry_after_ms", "sent"]),
            ],
            "examples": [{"is": "answered", "text": "Four.", "stop": "end", "input_tokens": 12, "output_tokens": 3}],
        },
    });
    if let Some(bodies) = bodies.as_object_mut() {
        bodies.extend(COMMANDS.iter().map(|command| (schema_name(command.name), command.schema())));
    }
    bodies
}

fn with_example(mut schema: Value, example: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("examples".to_owned(), json!([example]));
    }
    schema
}

/// `task.create` is `TaskCreate`.
fn schema_name(command: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    command.split('.').map(capital).collect()
}

fn problem() -> Value {
    let codes: Vec<&str> = Kind::all().map(Kind::code).collect();
    let sentence = json!({"type": "string"});
    let mut problem = object(
        &json!({
            "type": {"type": "string", "format": "uri"},
            "title": sentence,
            "status": {"type": "integer"},
            "detail": sentence,
            "code": {"enum": codes},
            "safe": {"type": "string", "description": "What can be relied on."},
            "hint": {"type": "string", "description": "What to do next."},
            "command": named("CommandId"),
        }),
        &["command"],
    );
    if let Some(problem) = problem.as_object_mut() {
        problem.insert("description".into(), json!("A problem document (RFC 9457). The code is stable."));
    }
    json!({"Problem": problem})
}
