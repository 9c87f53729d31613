//! `kernelos capability`: what workflows and agents can ask for.

use super::shown::{list, not_found, print, print_json, text};
use crate::args::Reading;
use crate::args::capability::{Capability, CapabilityShow};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use serde_json::{Value, json};

pub fn run(place: &Place, capability: &Capability) -> Result<(), Problem> {
    match capability {
        Capability::List(reading) => show_list(place, reading),
        Capability::Show(wanted) => show(place, wanted),
    }
}

fn show_list(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let capabilities = list(place, reading, "capabilities")?;
    if reading.json {
        print_json(&json!({ "capabilities": capabilities }));
        return Ok(());
    }
    let mut table = Table::new(&["NAME", "OFFERED BY", "IN DOUBT", "WHAT IT DOES"]);
    for it in &capabilities {
        let cell = |name: &str| text(it, name).to_owned();
        table.row([cell("name"), cell("offered_by"), cell("idempotency"), cell("description")]);
    }
    print(&table.text());
    Ok(())
}

fn show(place: &Place, wanted: &CapabilityShow) -> Result<(), Problem> {
    let capabilities = list(place, &wanted.reading, "capabilities")?;
    let Some(found) = capabilities.iter().find(|it| text(it, "name") == wanted.name) else {
        return Err(not_found("capability", &wanted.name, &capabilities, ""));
    };
    if wanted.reading.json {
        print_json(found);
    } else {
        print(&described(found));
    }
    Ok(())
}

fn described(it: &Value) -> String {
    let in_doubt = match text(it, "idempotency") {
        "retry" => "it is repeated: repeating it does no harm",
        "ask" => "a person is asked whether it may be repeated",
        _ => "it fails: it is never repeated",
    };
    let schema = |name: &str| {
        let pretty = it.get(name).map(|schema| serde_json::to_string_pretty(schema).unwrap_or_default());
        pretty.unwrap_or_default().lines().map(|line| format!("  {line}\n")).collect::<String>()
    };
    format!(
        "{} {}\n{}\n\noffered by            {}\ntrust                 {}\nan attempt in doubt   {in_doubt}\n\n\
         arguments\n{}\nresult\n{}",
        text(it, "name"),
        text(it, "version"),
        text(it, "description"),
        text(it, "offered_by"),
        text(it, "trust"),
        schema("input"),
        schema("output"),
    )
}
