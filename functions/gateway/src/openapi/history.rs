//! The schemas of answers about the past.

use super::schemas::{amount, list, named, object, or_null, string, time};
use serde_json::{Value, json};

/// Schemas of every answer about the past.
pub fn all() -> Value {
    let mut all = states();
    if let (Some(all), Value::Object(why)) = (all.as_object_mut(), why()) {
        all.extend(why);
    }
    all
}

fn states() -> Value {
    json!({
        "State": object(&json!({
            "key": {"type": "string", "description": "Kind and id of the entity."},
            "at": amount(),
            "since": {"type": "integer", "minimum": 0, "description": "The event that changed it last, up to there."},
            "fields": {"type": "object", "description": "Content opened; null where the key was destroyed."},
            "cut": {
                "type": "object",
                "description": "Content that is longer than an answer may be: where it stands in the fields, and the event \
                    that carries all of it.",
                "additionalProperties": amount(),
            },
        }), &["cut"]),
        "Diff": object(&json!({
            "from": amount(),
            "to": amount(),
            "kinds": list(&object(&json!({"kind": string(), "added": amount(), "changed": amount()}), &[])),
            "entities": list(&named("Change")),
            "next": {"type": "integer", "minimum": 0, "description": "How many to pass over for those that follow."},
        }), &["next"]),
        "Change": object(&json!({
            "key": string(),
            "called": {"type": "string", "description": "What people call it: its name, title or path."},
            "added": {"type": "boolean", "description": "It is new."},
            "removed": {"type": "boolean", "description": "It is gone."},
            "since": amount(),
            "fields": {
                "type": "object",
                "description": "Fields that differ. What was not there has no old, what is not there has no new; null where \
                    the key was destroyed.",
                "additionalProperties": object(&json!({"old": {}, "new": {}}), &["old", "new"]),
            },
        }), &["called", "removed"]),
    })
}

fn why() -> Value {
    json!({
        "Why": object(&json!({
            "of": {"type": "integer", "minimum": 1, "description": "The event that is asked about; of a task, the newest \
                that says how it went."},
            "task": named("Id"),
            "reasons": list(&named("Reason")),
            "left_out": amount(),
            "came": named("Came"),
        }), &["task"]),
        "Reason": object(&json!({
            "pos": amount(),
            "at": time(),
            "event": {"type": "string", "description": "Its type."},
            "command": named("CommandId"),
            "actor": string(),
            "on_behalf_of": list(&string()),
            "scope": string(),
            "because": list(&amount()),
            "data": {"type": "object", "description": "Its data, without content."},
            "content": {
                "type": "object",
                "description": "Its content by field; null where the key was destroyed.",
                "additionalProperties": or_null(string()),
            },
            "cut": list(&string()),
            "told": named("ToldAbout"),
            "note": string(),
        }), &["on_behalf_of", "cut", "told", "note"]),
        "ToldAbout": object(&json!({
            "step": named("Id"),
            "turn": amount(),
            "messages": amount(),
            "estimated_tokens": amount(),
            "last": list(&object(&json!({"speaker": string(), "text": string()}), &[])),
        }), &[]),
        "Came": object(&json!({
            "events": {"type": "object", "additionalProperties": amount()},
            "newest": amount(),
            "until": {"type": "integer", "minimum": 0, "description": "How far was looked."},
        }), &["newest"]),
    })
}
