//! One route as an operation.

use super::schemas::{named, string};
use crate::identity::IDEMPOTENCY_KEY;
use crate::limits::IDEMPOTENCY_KEY_BYTES;
use crate::path;
use crate::portability;
use crate::query::Number;
use crate::routes::{FILE, NOTHING, Route, Verb};
use crate::stream::{LAST_EVENT_ID, MEDIA_TYPE};
use serde_json::{Map, Value, json};

/// `route` as an operation.
pub fn of(route: &Route) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), json!(id(route)));
    operation.insert("summary".into(), json!(route.summary));
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation.insert("parameters".into(), json!(parameters));
    }
    if let Some(schema) = route.takes {
        let content = content(schema);
        operation.insert("requestBody".into(), json!({"required": true, "content": content}));
    }
    operation.insert("responses".into(), responses(route));
    if route.open {
        operation.insert("security".into(), json!([]));
    }
    Value::Object(operation)
}

/// Clients are generated with these names.
fn id(route: &Route) -> String {
    let name = format!("{:?}", route.endpoint);
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = path::names(route.path).map(|name| {
        let schema = match name {
            "workspace" => named("WorkspaceId"),
            "kind" | "of" => string(),
            _ if route.path.contains("{kind}") => string(),
            _ => named("Id"),
        };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    });
    let in_query = route.query.iter().map(|number| described(number, "query"));
    let in_header = (route.method == Verb::Post).then(idempotency_key);
    let place = route.streams.map(|_| described(&LAST_EVENT_ID, "header"));
    let wanted = route.header.map(|number| {
        let mut parameter = described(number, "header");
        if let Some(parameter) = parameter.as_object_mut() {
            parameter.insert("required".into(), json!(true));
        }
        parameter
    });
    in_path.chain(in_query).chain(in_header).chain(place).chain(wanted).collect()
}

fn described(number: &Number, place: &str) -> Value {
    let mut schema = json!({"type": "integer", "minimum": number.least, "maximum": number.most});
    // What is below the least cannot be said, and means that nothing was.
    if let Some(schema) = schema.as_object_mut().filter(|_| number.usually >= number.least) {
        schema.insert("default".into(), json!(number.usually));
    }
    json!({"name": number.name, "in": place, "description": number.meaning, "schema": schema})
}

fn idempotency_key() -> Value {
    json!({
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "description": "Tells this request from every other. Wanted where the body holds no id.",
        "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_BYTES},
    })
}

fn responses(route: &Route) -> Value {
    let mut well = json!({"description": "Done."});
    if let Some(well) = well.as_object_mut().filter(|_| route.gives != NOTHING) {
        well.insert("content".into(), content(route.gives));
    }
    let content = well.pointer_mut("/content").and_then(Value::as_object_mut);
    if let (Some(messages), Some(content)) = (route.streams, content) {
        content.insert(MEDIA_TYPE.into(), stream(messages));
    }
    if let (Verb::Post, Some(well)) = (route.method, well.as_object_mut()) {
        let replayed = json!({"description": "The answer was given before.", "schema": {"const": "true"}});
        well.insert("headers".into(), json!({"idempotent-replayed": replayed}));
    }
    json!({
        route.status.as_str(): well,
        "default": {
            "description": "What was asked for cannot be done.",
            "content": {"application/problem+json": {"schema": named("Problem")}},
        },
    })
}

/// What is called `schema`, under its media type.
fn content(schema: &str) -> Value {
    let media_type = if schema == FILE { portability::MEDIA_TYPE } else { "application/json" };
    json!({media_type: {"schema": named(schema)}})
}

/// A stream, as far as OpenAPI 3.1 can say it: a text, and the schemas of what stands in its `data` by name of message.
fn stream(messages: &[(&str, &str)]) -> Value {
    let data: Map<String, Value> = messages.iter().map(|(name, schema)| ((*name).to_owned(), named(schema))).collect();
    json!({"schema": {
        "type": "string",
        "description": "Server-sent events. Those that are stored have an id, which is their position; a client that \
            comes back with it in Last-Event-ID misses nothing and gets nothing twice. Those without an id are told once \
            and to whoever keeps up. A comment comes when nothing else does.",
        "x-data": data,
    }})
}
