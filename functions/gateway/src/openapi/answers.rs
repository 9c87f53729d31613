//! The schemas of answers.

use super::schemas::{amount, list, named, object, or_null, string, time};
use super::{history, models};
use crate::portability::MEDIA_TYPE;
use serde_json::{Value, json};

/// Schemas of every answer but the problem.
pub fn all() -> Value {
    let mut all = workspaces();
    for group in [
        outcomes(),
        log(),
        models::all(),
        effects(),
        egress(),
        contexts(),
        history::all(),
        verification(),
        transfers(),
        snapshots(),
        space(),
    ] {
        if let (Some(all), Value::Object(group)) = (all.as_object_mut(), group) {
            all.extend(group);
        }
    }
    all
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
            "room": named("Room"),
            "roots": {"type": "object", "additionalProperties": named("Hash")},
            "origin": named("Origin"),
            "moving": named("Moving"),
        }), &["room", "origin", "moving"]),
        "Origin": origin(),
        "Moving": moving(),
    })
}

fn origin() -> Value {
    let mut origin = object(
        &json!({
            "incarnation": amount(),
            "held": {"type": "boolean", "description": "Its effects are held until somebody adopts it."},
            "pos": amount(),
            "file": named("Hash"),
        }),
        &[],
    );
    if let Some(origin) = origin.as_object_mut() {
        let description = "Where an imported workspace came from; absent where it was made.";
        origin.insert("description".into(), json!(description));
    }
    origin
}

fn moving() -> Value {
    let mut moving = object(
        &json!({
            "to": {"type": "string", "description": "The host."},
            "control": named("Hash"),
            "leases_until": {"type": "integer", "minimum": 0, "description": "When the last lease is over, in \
                milliseconds since 1970; absent when there is none."},
            "left": {"type": "string", "description": "The event by which it left, as it is stored; absent as long as it \
                is only frozen."},
        }),
        &["leases_until", "left"],
    );
    if let Some(moving) = moving.as_object_mut() {
        let description = "Where the workspace is on its way to, or went; absent while it stays.";
        moving.insert("description".into(), json!(description));
    }
    moving
}

fn transfers() -> Value {
    json!({
        "File": {
            "type": "string",
            "contentMediaType": MEDIA_TYPE,
            "description": "A workspace as a file, or a part of one.",
        },
        "Import": object(&json!({
            "offset": amount(),
            "complete": {"type": "boolean", "description": "All of it was taken in: the workspace is there."},
        }), &[]),
    })
}

fn snapshots() -> Value {
    json!({
        "Snapshots": object(&json!({"snapshots": list(&named("Snapshot"))}), &[]),
        "Snapshot": object(&json!({
            "pos": amount(),
            "made_at": time(),
            "rows": amount(),
            "bytes": {"type": "integer", "minimum": 0, "description": "Bytes of its rows, before compression."},
            "written": {"type": "integer", "minimum": 0, "description": "Bytes that were written for it: what it does not \
                share with the snapshots before it."},
            "roots": {"type": "object", "additionalProperties": named("Hash")},
            "fault": {"type": "string", "description": "Why it cannot be used; absent where nothing is known to be wrong \
                with it."},
        }), &["fault"]),
    })
}

fn space() -> Value {
    json!({
        "Space": object(&json!({
            "room": named("Room"),
            "used": {"type": "integer", "minimum": 0, "description": "Bytes taken of what the limit is for. A store needs \
                some itself, and where a database holds other workspaces, those are in it."},
            "limit": {"type": "integer", "minimum": 0, "description": "Most bytes there may be; absent where nothing is \
                known to be one."},
            "packed_to": {"type": "integer", "minimum": 0, "description": "Position up to which events are packed."},
            "parts": {"description": "What takes the room, in bytes of values.", "type": "object", "properties": {
                "log": amount(), "segments": amount(), "rows": amount(), "snapshots": amount(), "content": amount(),
            }, "required": ["log", "segments", "rows", "snapshots", "content"]},
        }), &["limit"]),
        "Room": {"type": "string", "enum": ["enough", "scarce", "full", "none"], "description": "From 80 % of the limit on \
            it is scarce. From 95 % on it is full, and commands that do not end work are refused with storage_full."},
        "Compaction": object(&json!({
            "packed_to": {"type": "integer", "minimum": 0, "description": "Position up to which events are packed now."},
            "segments": amount(),
            "events": amount(),
            "bytes_before": amount(),
            "bytes_after": amount(),
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
            "task": named("Id"),
            "fence": amount(),
            "expires_at": time(),
            "in_doubt": {"type": "boolean", "description": "An earlier attempt was lost and may have taken place."},
            "idempotency_key": string(),
            "work": named("Work"),
        }), &[]),
        "Work": {"oneOf": [
            object(&json!({
                "is": {"const": "model"},
                "provider": named("ProviderEntry"),
                "request": named("ModelRequest"),
            }), &[]),
            object(&json!({
                "is": {"const": "capability"},
                "capability": string(),
                "arguments": {},
                "egress": {"description": "Rules of the egress broker."},
            }), &[]),
            object(&json!({
                "is": {"const": "notice"},
                "approval": named("Id"),
                "kind": named("ApprovalKind"),
                "digest": named("Hash"),
                "question": string(),
                "value": {},
                "escalated_to": string(),
            }), &["question", "value", "escalated_to"]),
            object(&json!({"is": {"const": "moot"}}), &[]),
        ]},
        "ProviderEntry": object(&json!({
            "dialect": string(),
            "base_url": string(),
            "key_ref": string(),
            "model": string(),
            "timeout_ms": amount(),
            "allow_plain_http": {"type": "boolean"},
            "private": list(&string()),
        }), &["key_ref", "allow_plain_http", "private"]),
        "ModelRequest": object(&json!({
            "model": string(),
            "messages": list(&named("Message")),
            "tools": list(&named("Tool")),
            "max_tokens": amount(),
            "schema": {"description": "JSON Schema of the answer."},
        }), &["tools", "max_tokens", "schema"]),
    })
}

fn contexts() -> Value {
    json!({
        "Message": object(&json!({
            "speaker": {"enum": ["system", "user", "assistant", "tool"]},
            "text": string(),
            "calls": list(&object(&json!({"id": string(), "name": string(), "arguments": string()}), &[])),
            "call_id": string(),
        }), &["calls", "call_id"]),
        "Tool": object(&json!({"name": string(), "description": string(), "parameters": {}}), &[]),
        "Context": object(&json!({
            "task": named("Id"),
            "step": named("Id"),
            "turn": amount(),
            "turns": amount(),
            "messages": list(&named("Message")),
            "tools": list(&named("Tool")),
            "schema": {"description": "JSON Schema of the answer."},
            "max_tokens": amount(),
            "estimated_tokens": amount(),
            "budget_tokens": amount(),
            "note": {"type": "string", "description": "Why nothing of it can be shown."},
        }), &["messages", "tools", "schema", "max_tokens", "estimated_tokens", "budget_tokens", "note"]),
    })
}
