//! The published description of the edge, OpenAPI 3.1, made from the tables the edge itself works by: routes, query
//! parameters, limits, names of commands, codes of problems.

mod answers;
pub(crate) mod arguments;
mod history;
mod models;
mod operation;
mod read_models;
mod schemas;

use crate::limits::LIMITS;
use crate::routes::ROUTES;
use serde_json::{Map, Value, json};

/// The description.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in &ROUTES {
        let operations = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(operations) = operations.as_object_mut() {
            operations.insert(route.method.name().to_lowercase(), operation::of(route));
        }
    }
    let limits: Map<String, Value> =
        LIMITS.iter().map(|(name, most, what)| ((*name).to_owned(), json!({"most": most, "of": what}))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "KernelOS",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Workspaces of people and agents. Commands go in and are decided in order; everything that \
                happened is in the log. A request may be repeated: the same request gets the same answer.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "x-limits": limits,
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas::all(),
        },
    })
}
