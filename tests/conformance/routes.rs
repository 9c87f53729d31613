//! Every route that the host describes is answered as it describes it. What is described is read from the host itself, so
//! a route that is added is told of here or the suite fails.

use crate::room::fresh_key;
use crate::scene::Scene;
use crate::schema::objection;
use kernelos_tests::crash::{Answer, Client};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Operations about workspaces as files, which are told of in an order of their own: see `portability`.
pub const OF_FILES: [&str; 5] = ["exportWorkspace", "beginImport", "appendImport", "standImport", "abandonImport"];

/// An operation of the description.
pub struct Operation {
    /// `GET` or its like.
    pub method: String,
    /// With `{names}` for what varies.
    pub path: String,
    /// What the description says of it.
    pub said: Value,
}

impl Operation {
    /// What its answer is when all is well: status and schema.
    pub fn well(&self) -> (u16, Value) {
        let responses = self.said["responses"].as_object().unwrap();
        let (status, well) = responses.iter().find(|(status, _)| *status != "default").unwrap();
        (status.parse().unwrap(), well["content"]["application/json"]["schema"].clone())
    }

    /// Its name.
    pub fn id(&self) -> &str {
        self.said["operationId"].as_str().unwrap()
    }

    /// Whether it is about workspaces as files.
    fn is_of_files(&self) -> bool {
        OF_FILES.contains(&self.id())
    }

    /// Whether anybody may ask.
    pub fn is_open(&self) -> bool {
        self.said["security"] == json!([])
    }

    /// Name of the schema of the body it takes.
    pub fn takes(&self) -> Option<&str> {
        self.said["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()?.rsplit('/').next()
    }

    /// Its parameters in that place: names and schemas.
    pub fn parameters(&self, place: &str) -> Vec<(String, Value)> {
        let all = self.said["parameters"].as_array().into_iter().flatten().filter(|it| it["in"] == place);
        all.map(|it| (it["name"].as_str().unwrap().to_owned(), it["schema"].clone())).collect()
    }
}

/// The description as the host gives it.
pub fn description(client: &mut Client) -> Value {
    let answer = client.get("/openapi.json").unwrap();
    assert_eq!(answer.status, 200);
    answer.json()
}

/// Every operation that `description` tells of.
pub fn operations(description: &Value) -> Vec<Operation> {
    let paths = description["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(|(method, said)| Operation {
            method: method.to_uppercase(),
            path: path.clone(),
            said: said.clone(),
        })
    });
    each.collect()
}

impl Scene {
    /// The path of `operation` with what is in this scene.
    pub fn path_of(&self, operation: &Operation) -> String {
        operation.parameters("path").iter().fold(operation.path.clone(), |path, (name, _)| {
            let id = match name.as_str() {
                "workspace" => &self.room.id,
                "task" => &self.answered,
                "step" => &self.step,
                "effect" => &self.effect,
                "document" => &self.document,
                // An entity by its kind and its id, and what is asked about.
                "kind" => "task",
                "model" => "timeline",
                "id" | "of" => &self.answered,
                other => panic!("no story knows a {other}: {}", operation.path),
            };
            path.replace(&format!("{{{name}}}"), id)
        })
    }

    /// A body that `operation` takes; empty when it takes none.
    pub fn body_of(&self, operation: &Operation) -> String {
        let body = match operation.takes() {
            None => return String::new(),
            Some("Batch") => json!({"commands": [
                {"type": "task.create", "data": {"title": "one"}},
                {"type": "task.ask", "data": {"agent": self.settled_effect.replace("effect", "agent"), "prompt": "x"}}
            ]}),
            Some("NewWorkspace") => json!({"name": "another"}),
            Some("NewSnapshot" | "NewCompaction" | "Rebuild") => json!({}),
            Some("Search") => json!({"query": "one"}),
            Some("ProviderEntry") => json!({
                "dialect": "openai-chat", "base_url": self.models.base_url(), "model": "test-model", "timeout_ms": 10_000
            }),
            Some("Export" | "BeginImport") => json!({"key": kernel::hash::HashText([42; 32])}),
            Some(other) => panic!("no story knows a body of {other}: {}", operation.path),
        };
        body.to_string()
    }

    /// Ask `operation` at `path` with the token, or without.
    pub fn ask(&mut self, operation: &Operation, path: &str, with_token: bool) -> Answer {
        let body = self.body_of(operation);
        let token = if with_token { self.host.token().to_owned() } else { "nobody".to_owned() };
        let key = fresh_key();
        let headers: &[(&str, &str)] = if body.is_empty() { &[] } else { &[("idempotency-key", &key)] };
        Client::new(self.host.address(), token).send(&operation.method, path, headers, body.as_bytes()).unwrap()
    }
}

/// `answer` is a problem document of that code as the host describes them.
#[track_caller]
pub fn is_problem(description: &Value, answer: &Answer, code: &str) {
    let told = answer.json();
    assert_eq!(told["code"], code, "{told}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{told}");
    assert_eq!(told["status"], answer.status, "{told}");
    assert_eq!(told["type"], format!("urn:kernelos:problem:{code}"), "{told}");
    for member in ["title", "detail", "safe", "hint"] {
        assert!(told[member].as_str().is_some_and(|text| !text.is_empty()), "no {member} in {told}");
    }
    let schema = &description["components"]["schemas"]["Problem"];
    assert_eq!(objection(description, schema, &told), None, "{told}");
}

#[test]
fn every_route_is_answered_as_it_is_described() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let operations = operations(&description);
    assert!(operations.len() >= 22, "routes are missing from the description");
    for operation in operations.iter().filter(|operation| !operation.is_of_files()) {
        let path = scene.path_of(operation);
        let answer = scene.ask(operation, &path, true);
        let (status, schema) = operation.well();
        assert_eq!(answer.status, status, "{} {path}: {}", operation.method, answer.json());
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let told = answer.json();
        assert_eq!(objection(&description, &schema, &told), None, "{} {path}: {told}", operation.method);
    }
}

/// A list without anything in it would fit every schema.
#[test]
fn what_is_listed_is_there() {
    let mut scene = Scene::set();
    for list in ["agents", "providers", "workflows", "capabilities", "approvals", "documents", "tasks", "events"] {
        let listed = scene.room.get(&format!("/{list}"));
        assert!(listed[list].as_array().is_some_and(|items| !items.is_empty()), "{list}: {listed}");
    }
    let workspaces = scene.room.client.get("/v1/workspaces").unwrap().json();
    assert!(workspaces["workspaces"].as_array().unwrap().contains(&json!(scene.room.id)), "{workspaces}");
    assert!(scene.room.get("/usage")["total"]["calls"].as_u64().unwrap() > 0);
    let context = scene.room.get(&format!("/steps/{}/context", scene.step));
    assert!(context["messages"].to_string().contains("Are you there?"), "{context}");
    assert_eq!(scene.room.get(&format!("/documents/{}", scene.document))["text"], "kept");
    let held = scene.room.get(&format!("/effects/{}", scene.effect));
    assert_eq!(held["work"]["is"], "model", "{held}");
    let verified = json!({
        "dialect": "openai-chat", "base_url": scene.models.base_url(), "model": "test-model", "timeout_ms": 10_000
    });
    let path = scene.room.path("/providers/verify");
    let verified = scene.room.client.post(&path, "", verified.to_string().as_bytes()).unwrap().json();
    assert!(verified["failure"].is_null() && verified["latency_ms"].is_u64(), "{verified}");
}

#[test]
fn a_workspace_that_is_not_here_and_an_id_that_is_none_are_problems_on_every_route() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let nowhere = kernel::id::WorkspaceId::new(&[8; 32], &[8; 16]).to_string();
    let of_workspaces = |it: &&Operation| it.path.contains("{workspace}") && !it.is_of_files();
    for operation in operations(&description).iter().filter(of_workspaces) {
        let path = scene.path_of(operation);
        let answer = scene.ask(operation, &path.replace(&scene.room.id, &nowhere), true);
        is_problem(&description, &answer, "workspace_not_found");
        let answer = scene.ask(operation, &path.replace(&scene.room.id, "nonsense"), true);
        is_problem(&description, &answer, "bad_id");
        for (name, _) in operation.parameters("path").iter().filter(|(name, _)| name != "workspace") {
            let bad = operation.path.replace("{workspace}", &scene.room.id).replace(&format!("{{{name}}}"), "nonsense");
            let bad = bad.replace("{kind}", "task").replace("{id}", &scene.answered);
            if operation.path.contains("/read-models/") {
                // A model has a name, and is of whatever there is: of what is not there it has nothing.
                if name == "model" {
                    let bad = bad.replace("{of}", &scene.answered);
                    is_problem(&description, &scene.ask(operation, &bad, true), "not_found");
                }
                continue;
            }
            is_problem(&description, &scene.ask(operation, &bad, true), "bad_id");
            let other = match name.as_str() {
                "document" => nowhere.clone(),
                "id" | "of" => format!("{}.10.15.task", scene.room.id),
                // A kind that is none is no id of an entity either.
                "kind" => continue,
                name => format!("{}.10.15.{name}", scene.room.id),
            };
            let absent = operation.path.replace("{workspace}", &scene.room.id).replace(&format!("{{{name}}}"), &other);
            let absent = absent.replace("{kind}", "task");
            is_problem(&description, &scene.ask(operation, &absent, true), "not_found");
        }
    }
}

#[test]
fn every_route_has_the_methods_that_are_described_and_no_others() {
    let mut scene = Scene::set();
    let description = description(&mut scene.room.client);
    let operations = operations(&description);
    let paths: BTreeSet<&str> = operations.iter().map(|operation| operation.path.as_str()).collect();
    for path in paths {
        let of_path: Vec<&Operation> = operations.iter().filter(|operation| operation.path == path).collect();
        let concrete = scene.path_of(of_path[0]);
        for method in ["DELETE", "PUT", "PATCH", "GET", "POST"] {
            // Where a name stands in one path, another may have a word.
            let is_answered = |it: &&Operation| it.method == method && fits(&it.path, path);
            if operations.iter().any(|it| is_answered(&it)) {
                continue;
            }
            let answer = scene.room.client.send(method, &concrete, &[], b"").unwrap();
            is_problem(&description, &answer, "method_not_allowed");
            let allowed = answer.header("allow").unwrap_or_default().to_owned();
            assert!(of_path.iter().all(|operation| allowed.contains(&operation.method)), "{path}: {allowed}");
        }
    }
}

/// Whether `path` has what `template` has, with any part where that has a name.
fn fits(template: &str, path: &str) -> bool {
    let (names, parts): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    names.len() == parts.len() && names.iter().zip(&parts).all(|(name, part)| name == part || name.starts_with('{'))
}
