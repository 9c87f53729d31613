//! The schemas of read models that a projector keeps.

use super::schemas::{amount, list, named, object, string, time};
use ports::read_models::{ItemKind, Model, PAGE_MAX};
use serde_json::{Value, json};

/// Schemas of every question and answer about them.
pub fn all() -> Value {
    let mut all = questions();
    for more in [stand(), found(), entries()] {
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
            all.extend(more);
        }
    }
    all
}

fn questions() -> Value {
    json!({
        "Search": object(&json!({
            "query": {
                "type": "string",
                "description": "Words that all have to be there, \"phrases\", beginnings of three letters and more with a \
                    *, what must not be there with a -, kind:document for one kind. Case and accents make no difference.",
            },
            "kinds": list(&named("ItemKind")),
            "skip": amount(),
            "limit": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX},
        }), &["kinds", "skip", "limit"]),
        "ItemKind": {"enum": ItemKind::ALL.map(ItemKind::name)},
        "Rebuild": object(&json!({}), &[]),
    })
}

/// What every answer says of how far it knows the log.
fn with_stand(more: &Value, absent: &[&str]) -> Value {
    let mut properties = json!({
        "as_of": {"type": "integer", "minimum": 0, "description": "Position of the last event that is known here."},
        "end": {"type": "integer", "minimum": 0, "description": "Position of the last event of the log."},
        "lag": {"type": "integer", "minimum": 0, "description": "Events that are not known here yet."},
    });
    if let (Some(properties), Some(more)) = (properties.as_object_mut(), more.as_object()) {
        properties.extend(more.clone());
    }
    object(&properties, absent)
}

fn stand() -> Value {
    let mut names = Model::ALL.map(Model::name).to_vec();
    names.push(ports::read_models::SEARCH);
    json!({
        "ReadModels": with_stand(&json!({
            "state": {"enum": ["current", "behind", "rebuilding", "stopped"]},
            "bytes": {"type": "integer", "minimum": 0, "description": "What they take, where it is known."},
            "models": list(&object(&json!({"name": {"enum": names}, "as_of": amount(), "entries": amount()}), &[])),
            "rebuilt_to": {
                "type": "integer",
                "minimum": 0,
                "description": "Position up to which others are made that will take their place.",
            },
            "fault": {"type": "string", "description": "Why they do not go on."},
            "renewed": {"type": "string", "description": "Why they were made anew last, since the host began."},
        }), &["bytes", "rebuilt_to", "fault", "renewed"]),
    })
}

fn found() -> Value {
    json!({
        "Found": with_stand(&json!({
            "hits": list(&named("Hit")),
            "next": {"type": "integer", "minimum": 0, "description": "How many to pass over for those that follow."},
        }), &["next"]),
        "Hit": object(&json!({
            "kind": named("ItemKind"),
            "id": string(),
            "task": named("Id"),
            "title": {"type": "string", "description": "Its path, title or name, or the title of its task."},
            "snippet": list(&object(&json!({
                "text": string(),
                "found": {"type": "boolean", "description": "It is what was looked for."},
            }), &["found"])),
            "score": {
                "type": "integer",
                "minimum": 0,
                "description": "How well it fits; only to be compared within one answer.",
            },
            "pos": {"type": "integer", "minimum": 1, "description": "The event that brought it."},
            "at": time(),
        }), &["task", "title"]),
    })
}

fn entries() -> Value {
    let kinds = ["TaskEntry", "AgentEntry", "TimelineEntry", "UsageEntry"].map(named);
    let used = |more: &Value| {
        let mut properties =
            json!({"input_tokens": amount(), "output_tokens": amount(), "cost_micros": amount(), "pos": amount()});
        if let (Some(properties), Some(more)) = (properties.as_object_mut(), more.as_object()) {
            properties.extend(more.clone());
        }
        properties
    };
    json!({
        "Entries": with_stand(&json!({
            "entries": {"type": "array", "items": {"anyOf": kinds}, "description": "Those that changed last first."},
            "before": {"type": "integer", "minimum": 0, "description": "What to ask for those that follow."},
        }), &["before"]),
        "TaskEntry": object(&used(&json!({
            "id": named("Id"), "title": string(), "titled_by": amount(), "kind": {"enum": ["conversation", "run"]},
            "status": {"enum": ["open", "running", "waiting", "done", "failed", "cancelled"]}, "workflow": named("Id"), "agent": named("Id"), "steps": amount(),
            "began_at": time(), "changed_at": time(),
        })), &["title", "workflow", "agent"]),
        "AgentEntry": object(&used(&json!({
            "id": named("Id"), "name": string(), "named_by": amount(), "provider": named("Id"), "asked": amount(),
            "answered": amount(), "failed": amount(), "calls": amount(), "defined_at": time(), "asked_at": time(),
        })), &["name", "asked_at"]),
        "TimelineEntry": object(&json!({
            "pos": amount(), "at": time(), "event": string(), "actor": string(), "stream": string(),
            "task": named("Id"), "about": string(),
        }), &["task", "about"]),
        "UsageEntry": object(&used(&json!({
            "day": {"type": "string", "description": "In UTC."}, "provider": named("Id"), "calls": amount(),
        })), &[]),
    })
}
