//! The schemas of answers.

use super::schemas::{amount, list, named, object, or_null};
use serde_json::{Value, json};

/// Schemas of every answer but the problem.
pub fn all() -> Value {
    let mut all = workspaces();
    for group in [outcomes(), log(), tasks(), effects(), egress(), verification()] {
        if let (Some(all), Value::Object(group)) = (all.as_object_mut(), group) {
            all.extend(group);
        }
    }
    all
}

fn string() -> Value {
    json!({"type": "string"})
}

fn workspaces() -> Value {
    json!({
        "Health": object(&json!({"status": {"const": "ok"}}), &[]),
        "Description": {"type": "object", "description": "This description."},
        "Workspaces": object(&json!({"workspaces": list(&named("WorkspaceId"))}), &[]),
        "CreatedWorkspace": object(&json!({
            "id": named("WorkspaceId"),
            "command": named("CommandId"),
            "pos": amount(),
            "events": amount(),
        }), &[]),
        "Workspace": object(&json!({
            "id": named("WorkspaceId"),
            "name": or_null(string()),
            "pos": amount(),
            "format": amount(),
            "roots": {"type": "object", "additionalProperties": named("Hash")},
        }), &[]),
    })
}

fn outcomes() -> Value {
    json!({
        "Outcomes": object(&json!({"outcomes": list(&named("Outcome"))}), &[]),
        "Outcome": {"oneOf": [
            object(&json!({
                "status": {"const": "accepted"},
                "command": named("CommandId"),
                "pos": amount(),
                "events": amount(),
                "made": list(&named("Id")),
            }), &[]),
            object(&json!({
                "status": {"const": "rejected"},
                "command": named("CommandId"),
                "pos": amount(),
                "problem": named("Problem"),
            }), &[]),
            object(&json!({
                "status": {"const": "refused"},
                "command": named("CommandId"),
                "problem": named("Problem"),
            }), &["command"]),
        ]},
    })
}

fn log() -> Value {
    json!({
        "Events": object(&json!({"events": list(&named("Event")), "next": amount()}), &[]),
        "Event": object(&json!({
            "event": {"type": "object", "description": "The event in the very bytes that were hashed."},
            "hash": named("Hash"),
            "content": {
                "type": "object",
                "description": "Its content by field; null where the key was destroyed.",
                "additionalProperties": or_null(string()),
            },
        }), &[]),
        "Delta": object(&json!({"effect": named("Id"), "task": named("Id"), "text": string()}), &[]),
    })
}

fn tasks() -> Value {
    json!({
        "Task": object(&json!({
            "id": named("Id"),
            "title": or_null(string()),
            "steps": list(&named("Step")),
            "input_tokens": amount(),
            "output_tokens": amount(),
        }), &[]),
        "Step": object(&json!({
            "id": named("Id"),
            "agent": named("Id"),
            "effect": named("Id"),
            "status": {"enum": ["waiting", "answered", "failed"]},
            "prompt": or_null(string()),
            "answer": string(),
            "failure": object(&json!({"class": string(), "detail": or_null(string())}), &[]),
            "attempts": amount(),
            "lost": amount(),
            "late": amount(),
        }), &["answer", "failure"]),
    })
}

fn verification() -> Value {
    json!({
        "Support": {"enum": ["works", "ignored", "refused", "unknown"]},
        "Verification": object(&json!({
            "latency_ms": amount(),
            "model": string(),
            "streams": {"type": "boolean"},
            "tools": named("Support"),
            "schema": named("Support"),
            "failure": object(&json!({
                "class": string(),
                "detail": string(),
                "retry_after_ms": amount(),
                "retriable": {"type": "boolean"},
            }), &["retry_after_ms"]),
            "models": list(&string()),
        }), &["latency_ms", "model", "failure", "models"]),
    })
}

fn egress() -> Value {
    let rules = list(&string());
    json!({"Egress": object(&json!({"hosts": rules, "private": rules, "secrets": rules}), &[])})
}

fn effects() -> Value {
    json!({
        "DueEffects": object(&json!({"effects": list(&named("Id"))}), &[]),
        "Effect": object(&json!({
            "effect": named("Id"),
            "fence": amount(),
            "expires_at": {"type": "integer", "description": "Milliseconds since 1970."},
            "in_doubt": {"type": "boolean", "description": "An earlier attempt was lost and may have taken place."},
            "idempotency_key": string(),
            "provider": named("Provider"),
            "request": named("ModelRequest"),
        }), &[]),
        "Provider": object(&json!({
            "dialect": string(),
            "base_url": string(),
            "key_ref": string(),
            "model": string(),
            "timeout_ms": amount(),
            "allow_plain_http": {"type": "boolean"},
        }), &["key_ref", "allow_plain_http"]),
        "ModelRequest": object(&json!({
            "model": string(),
            "messages": list(&object(&json!({
                "speaker": {"enum": ["system", "user", "assistant", "tool"]},
                "text": string(),
                "calls": list(&object(&json!({"id": string(), "name": string(), "arguments": string()}), &[])),
                "call_id": string(),
            }), &["calls", "call_id"])),
            "tools": list(&object(&json!({"name": string(), "description": string(), "parameters": {}}), &[])),
            "max_tokens": amount(),
            "schema": {"description": "JSON Schema of the answer."},
        }), &["tools", "max_tokens", "schema"]),
    })
}
