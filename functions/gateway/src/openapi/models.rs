//! The schemas of read models.

use super::schemas::{amount, list, named, object, or_null, string, time};
use serde_json::{Value, json};

/// Schemas of every read model.
pub fn all() -> Value {
    let mut all = lists();
    for group in [tasks(), people(), things(), restores()] {
        if let (Some(all), Value::Object(group)) = (all.as_object_mut(), group) {
            all.extend(group);
        }
    }
    all
}

fn lists() -> Value {
    let of = |member: &str, name: &str| object(&json!({member: list(&named(name))}), &[]);
    json!({
        "Tasks": of("tasks", "TaskSummary"),
        "Agents": of("agents", "Agent"),
        "Providers": of("providers", "Provider"),
        "Workflows": of("workflows", "Workflow"),
        "Capabilities": of("capabilities", "Capability"),
        "Approvals": of("approvals", "Approval"),
        "Documents": of("documents", "Document"),
        "Usage": object(&json!({"providers": list(&named("Used")), "total": named("Used")}), &[]),
    })
}

fn failure() -> Value {
    object(&json!({"class": string(), "detail": or_null(string())}), &[])
}

fn summary() -> Value {
    json!({
        "id": named("Id"),
        "title": or_null(string()),
        "kind": {"enum": ["conversation", "run"]},
        "status": {"enum": ["open", "running", "waiting", "done", "failed", "cancelled"]},
        "workflow": string(),
        "input_tokens": amount(),
        "output_tokens": amount(),
        "cost_micros": amount(),
    })
}

fn tasks() -> Value {
    let mut task = summary();
    let more = json!({
        "steps": list(&named("Step")),
        "calls": list(&named("Call")),
        "run": named("Run"),
        "approvals": list(&named("Id")),
    });
    if let (Some(task), Value::Object(more)) = (task.as_object_mut(), more) {
        task.extend(more);
    }
    json!({
        "TaskSummary": object(&summary(), &["workflow"]),
        "Task": object(&task, &["workflow", "run"]),
        "Step": object(&json!({
            "id": named("Id"),
            "agent": named("Id"),
            "effect": named("Id"),
            "status": {"enum": ["waiting", "answered", "failed", "cancelled"]},
            "prompt": or_null(string()),
            "answer": string(),
            "failure": failure(),
            "turns": amount(),
            "attempts": amount(),
            "lost": amount(),
            "late": amount(),
        }), &["answer", "failure"]),
        "Call": object(&json!({
            "id": named("Id"),
            "capability": string(),
            "status": {"enum": ["waiting", "asking", "done", "failed", "cancelled"]},
            "arguments": {},
            "result": {},
            "failure": failure(),
            "attempts": amount(),
        }), &["arguments", "result", "failure"]),
        "Run": object(&json!({
            "workflow": named("Id"),
            "node": string(),
            "pointer": {"type": "string", "description": "JSON pointer to that task in the workflow."},
            "due": time(),
            "output": {},
            "failure": failure(),
        }), &["node", "pointer", "due", "output", "failure"]),
    })
}

fn people() -> Value {
    json!({
        "ApprovalKind": {"enum": ["approval", "question", "doubt"]},
        "Approval": object(&json!({
            "id": named("Id"),
            "task": named("Id"),
            "call": named("Id"),
            "kind": named("ApprovalKind"),
            "capability": or_null(string()),
            "question": string(),
            "value": {},
            "options": {},
            "digest": named("Hash"),
            "asked_at": time(),
            "expires_at": time(),
            "escalated": {"type": "boolean"},
            "decision": {"enum": ["approved", "edited", "rejected", "answered", "timed_out", "cancelled"]},
            "by": string(),
            "reason": string(),
        }), &["question", "value", "options", "expires_at", "escalated", "decision", "by", "reason"]),
    })
}

fn restores() -> Value {
    let counts = object(&json!({"changed": amount(), "gone": amount(), "back": amount()}), &[]);
    let thing = object(&json!({"key": string(), "change": {"enum": ["changed", "gone", "back"]}}), &[]);
    json!({
        "Choice": {"enum": ["take", "again", "give_up"], "examples": ["again"]},
        "Restored": object(&json!({
            "line": string(),
            "pos": amount(),
            "held": {"type": "boolean", "description": "Whether nothing of it goes on before work.release."},
            "items": list(&named("RestoredItem")),
        }), &["pos"]),
        "RestoredItem": object(&json!({
            "item": named("Id"),
            "kind": {"enum": ["model", "capability", "notice", "approval", "timer"]},
            "task": named("Id"),
            "title": string(),
            "standing": {"enum": ["undecided", "goes_on", "left"]},
            "open": {"type": "boolean", "description": "Whether somebody has to decide about it."},
            "tried": {"type": "boolean", "description": "Whether it may have taken place outside."},
            "capability": string(),
            "asked": named("ApprovalKind"),
            "decided": {"enum": ["approved", "edited", "rejected", "answered", "timed_out", "cancelled"]},
            "at": time(),
            "came": {"oneOf": [
                object(&json!({"is": {"const": "done"}, "text": string()}), &[]),
                object(&json!({"is": {"const": "failed"}, "class": string(), "detail": string()}), &[]),
            ]},
            "late": amount(),
            "choice": named("Choice"),
            "by": string(),
        }), &["title", "capability", "asked", "decided", "at", "came", "choice", "by"]),
        "RestorePreview": object(&json!({
            "pos": amount(),
            "line": string(),
            "kinds": {"type": "object", "additionalProperties": counts},
            "things": list(&thing),
            "more": {"type": "boolean", "description": "Whether there are more things than are named."},
            "items": list(&named("RestoredItem")),
        }), &[]),
    })
}

fn things() -> Value {
    let current = json!({"type": "boolean", "description": "Whether its name stands for it; else it was replaced."});
    json!({
        "Agent": object(&json!({
            "id": named("Id"),
            "name": or_null(string()),
            "provider": named("Id"),
            "instructions": string(),
            "tools": list(&string()),
            "approve": list(&string()),
            "limits": named("Limits"),
            "current": current,
        }), &["instructions"]),
        "Provider": object(&json!({
            "id": named("Id"),
            "name": or_null(string()),
            "dialect": string(),
            "base_url": or_null(string()),
            "model": or_null(string()),
            "key_ref": string(),
            "timeout_ms": amount(),
            "allow_plain_http": {"type": "boolean"},
            "input_micros_per_mtok": amount(),
            "output_micros_per_mtok": amount(),
            "current": current,
        }), &["key_ref", "timeout_ms", "allow_plain_http"]),
        "Workflow": object(&json!({
            "id": named("Id"),
            "name": or_null(string()),
            "namespace": or_null(string()),
            "version": or_null(string()),
            "current": current,
        }), &[]),
        "Capability": object(&json!({
            "name": string(),
            "version": string(),
            "description": string(),
            "input": {},
            "output": {},
            "idempotency": {"enum": ["retry", "ask", "fail"]},
            "offered_by": {"enum": ["kernel", "runtime", "person", "agent"]},
            "trust": string(),
        }), &[]),
        "Used": object(&json!({
            "provider": named("Id"),
            "name": string(),
            "calls": amount(),
            "input_tokens": amount(),
            "output_tokens": amount(),
            "cost_micros": amount(),
        }), &["provider", "name"]),
        "Document": object(&json!({
            "id": {"type": "string"},
            "path": or_null(string()),
            "version": amount(),
            "bytes": amount(),
            "text": string(),
        }), &["text"]),
    })
}
