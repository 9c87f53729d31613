//! The published description is true: it is what was published, and it is what the code does.

use crate::openapi::arguments::{COMMANDS, Described};
use crate::routes::ROUTES;
use crate::{openapi, path};
use kernel::command::{BadCommand, Command};
use kernel::hash::HashText;
use kernel::id::{BootId, CommandId, Id, RuntimeId, WorkspaceId};
use kernel::key::BranchId;
use kernel::seal::Subject;
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/openapi.json");

#[test]
fn the_description_is_the_one_that_was_published() {
    let made = openapi();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let published: Value = serde_json::from_slice(&std::fs::read(GOLDEN).unwrap()).unwrap();
    assert!(
        made == published,
        "the interface changed; UPDATE_GOLDEN=1 publishes the change, which must break no client"
    );
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let description = openapi();
    for route in &ROUTES {
        let operation = &description["paths"][route.path][route.method.name().to_lowercase()];
        assert_eq!(operation["summary"], route.summary, "{}", route.path);
        let named = path::names(route.path).count();
        let in_path = operation["parameters"].as_array().into_iter().flatten().filter(|it| it["in"] == "path").count();
        assert_eq!(in_path, named, "{}", route.path);
    }
    let described = description["paths"].as_object().unwrap().values();
    assert_eq!(described.map(|path| path.as_object().unwrap().len()).sum::<usize>(), ROUTES.len());
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(root: &Value, value: &Value) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(root.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
        }
        let (list, members) = (value.as_array().into_iter().flatten(), value.as_object().into_iter().flatten());
        list.chain(members.map(|(_, member)| member)).for_each(|inner| walk(root, inner));
    }
    let description = openapi();
    walk(&description, &description);
}

#[test]
fn the_examples_of_ids_are_ids() {
    let description = openapi();
    let example = |name: &str| description["components"]["schemas"][name]["examples"][0].as_str().unwrap().to_owned();
    assert!(example("WorkspaceId").parse::<WorkspaceId>().is_ok());
    assert!(example("CommandId").parse::<CommandId>().is_ok());
    assert!(example("RuntimeId").parse::<RuntimeId>().is_ok());
    assert!(example("BootId").parse::<BootId>().is_ok());
    assert!(example("Id").parse::<Id>().is_ok());
    assert!(example("BranchId").parse::<BranchId>().is_ok());
    assert!(example("Subject").parse::<Subject>().is_ok());
    assert!(example("Hash").parse::<HashText>().is_ok());
}

/// Arguments as the description says they look; those in `names` only.
fn arguments(described: &Described, names: &dyn Fn(&str, bool) -> bool) -> Value {
    let description = openapi();
    let schema = described.schema();
    let properties = schema["properties"]["data"]["properties"].as_object().unwrap().clone();
    let wanted = described.arguments.iter().filter(|argument| names(argument.name, argument.required));
    let members = wanted.map(|argument| {
        let schema = &properties[argument.name];
        let target = schema["$ref"].as_str().and_then(|at| description.pointer(at.strip_prefix('#').unwrap()));
        let example = match (target, schema["type"].as_str()) {
            (Some(target), _) => target["examples"][0].clone(),
            (None, Some("integer")) => json!(7),
            (None, Some("array")) => json!(["text"]),
            (None, Some("boolean")) => json!(true),
            (None, Some("object")) => json!({}),
            (None, _) => json!("text"),
        };
        (argument.name.to_owned(), example)
    });
    Value::Object(members.collect())
}

fn reads(described: &Described, data: &Value) -> Result<Command, BadCommand> {
    Command::parse(described.name, &data.to_string())
}

#[test]
fn every_command_is_described_with_the_arguments_the_kernel_reads() {
    let names: Vec<&str> = COMMANDS.iter().map(|described| described.name).collect();
    let mut known = Command::NAMES.to_vec();
    known.sort_unstable();
    assert_eq!(names, known);
    for described in COMMANDS {
        reads(described, &arguments(described, &|_, _| true)).unwrap();
        reads(described, &arguments(described, &|_, required| required)).unwrap();
        for left_out in described.arguments.iter().filter(|argument| argument.required) {
            let without = arguments(described, &|name, _| name != left_out.name);
            assert!(reads(described, &without).is_err(), "{} without {}", described.name, left_out.name);
        }
        let Err(BadCommand::Arguments(why)) = reads(described, &json!({"": 0})) else { panic!("{}", described.name) };
        // One that takes nothing expects nothing.
        let read = why.split_once(", expected ").map_or("", |(_, read)| read);
        let mut read: Vec<&str> = read.split('`').skip(1).step_by(2).collect();
        let mut said: Vec<&str> = described.arguments.iter().map(|argument| argument.name).collect();
        read.sort_unstable();
        said.sort_unstable();
        assert_eq!(read, said, "{}", described.name);
    }
}
