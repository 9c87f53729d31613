//! `kernelos restore`: going back, and what becomes of work that was under way.

use super::send::once;
use super::shown::{There, line, nothing, number, print, print_json, text};
use super::{block_on, ids};
use crate::args::Reading;
use crate::args::restore::{Decide, Restore, Then};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::{Table, short};
use crate::timeline::clock;
use serde_json::{Value, json};

/// How much of an outcome stands in a table, in characters.
const SHOWN_CHARS: usize = 40;

pub fn run(place: &Place, restore: &Restore) -> Result<(), Problem> {
    block_on(async {
        match (&restore.then, restore.at) {
            (Some(Then::List(reading)), _) => list(place, reading).await,
            (Some(Then::Decide(wanted)), _) => decide(place, wanted).await,
            (Some(Then::Release(reading)), _) => release(place, reading).await,
            (None, Some(at)) if restore.preview => preview(place, at, &restore.reading).await,
            (None, Some(at)) => go_back(place, at, &restore.reading).await,
            (None, None) => Err(Problem::usage(
                "no position is given",
                "See which there are: kernelos log. Then: kernelos restore --at POS --preview",
            )),
        }
    })
}

async fn preview(place: &Place, at: u64, reading: &Reading) -> Result<(), Problem> {
    let there = There::find(place, reading.workspace.as_deref()).await?;
    let view = there.read(&format!("restore?at={at}")).await?;
    if reading.json {
        print_json(&view);
        return Ok(());
    }
    let kinds = view.get("kinds").and_then(Value::as_object).cloned().unwrap_or_default();
    if kinds.is_empty() {
        eprintln!("no thing would be another");
    } else {
        let mut table = Table::new(&["KIND", ">AS IT WAS", ">GONE", ">BACK"]);
        for (kind, counts) in &kinds {
            let count = |name: &str| number(counts, name).to_string();
            table.row([kind.clone(), count("changed"), count("gone"), count("back")]);
        }
        print(&table.text());
    }
    let items = items(&view);
    if !items.is_empty() {
        eprintln!("\nunder way then or now; what is undecided would be held:");
        print(&listed(&items));
    }
    eprintln!("\nhint: go back with `kernelos restore --at {at}`; undoing that is another restore");
    Ok(())
}

async fn go_back(place: &Place, at: u64, reading: &Reading) -> Result<(), Problem> {
    let there = There::find(place, reading.workspace.as_deref()).await?;
    let outcome = once(&there.api, &there.base, "branch.restore", &json!({"pos": at})).await?;
    let view = there.read("restored").await?;
    let undo = number(&outcome, "pos").saturating_sub(1);
    if reading.json {
        print_json(&json!({"line": text(&view, "line"), "pos": at, "undo": undo, "held": view.get("held")}));
    } else {
        line(text(&view, "line"));
    }
    eprintln!("the workspace is as it was at event {at}; nothing was deleted");
    let open = items(&view).iter().filter(|item| is_open(item)).count();
    if open > 0 {
        eprintln!("what was under way then is held until somebody decided about {open} of it: kernelos restore list");
    }
    eprintln!("\nhint: to undo it: kernelos restore --at {undo}");
    Ok(())
}

async fn list(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let there = There::find(place, reading.workspace.as_deref()).await?;
    let view = there.read("restored").await?;
    if reading.json {
        print_json(&view);
        return Ok(());
    }
    let items = items(&view);
    if items.is_empty() {
        nothing("nothing was under way at a restore", "kernelos restore --at POS --preview");
        return Ok(());
    }
    print(&listed(&items));
    let open = items.iter().filter(|item| is_open(item)).count();
    match view.get("held").and_then(Value::as_bool) {
        Some(true) if open > 0 => {
            eprintln!("\nhint: {open} to decide: kernelos restore decide take|again|give-up ITEM")
        }
        Some(true) => eprintln!("\nhint: all is decided, and held until you say: kernelos restore release"),
        _ => {}
    }
    Ok(())
}

async fn decide(place: &Place, wanted: &Decide) -> Result<(), Problem> {
    let there = There::find(place, wanted.reading.workspace.as_deref()).await?;
    let items = items(&there.read("restored").await?);
    let open: Vec<String> =
        items.iter().filter(|item| is_open(item)).map(|item| text(item, "item").to_owned()).collect();
    let known: Vec<String> = items.iter().map(|item| text(item, "item").to_owned()).collect();
    let chosen = match wanted.item.as_deref() {
        Some(part) => vec![ids::whole(part, &known, "item", "kernelos restore list")?],
        None => open,
    };
    for item in &chosen {
        once(&there.api, &there.base, "work.decide", &json!({"item": item, "choice": wanted.choice.name()})).await?;
        if !wanted.reading.json {
            line(item);
        }
    }
    if wanted.reading.json {
        print_json(&json!({"choice": wanted.choice.name(), "items": chosen}));
    }
    eprintln!("on record; nothing of it goes on before `kernelos restore release`");
    Ok(())
}

async fn release(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let there = There::find(place, reading.workspace.as_deref()).await?;
    once(&there.api, &there.base, "work.release", &json!({})).await?;
    if reading.json {
        print_json(&json!({"released": true}));
    }
    eprintln!("what was held goes on as it was decided");
    Ok(())
}

fn items(view: &Value) -> Vec<Value> {
    view.get("items").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn is_open(item: &Value) -> bool {
    item.get("open").and_then(Value::as_bool).unwrap_or_default()
}

fn listed(items: &[Value]) -> String {
    let mut table = Table::new(&["ITEM", "KIND", "STATE", "OUTSIDE", "TASK", "WHAT CAME OF IT"]);
    for item in items {
        let what = match text(item, "capability") {
            "" => text(item, "kind").to_owned(),
            capability => capability.to_owned(),
        };
        let task = if text(item, "title").is_empty() { short(text(item, "task")) } else { text(item, "title") };
        table.row([
            short(text(item, "item")).to_owned(),
            what,
            state(item),
            outside(item).to_owned(),
            shown(task),
            came(item),
        ]);
    }
    table.text()
}

/// Where it stands.
fn state(item: &Value) -> String {
    match (text(item, "choice"), text(item, "standing")) {
        ("take", _) => format!("taken by {}", text(item, "by")),
        ("again", _) => format!("again, by {}", text(item, "by")),
        ("give_up", _) => format!("given up by {}", text(item, "by")),
        (_, "goes_on") => "goes on".to_owned(),
        (_, "left") => "left behind".to_owned(),
        _ if is_open(item) => "undecided".to_owned(),
        _ => "over".to_owned(),
    }
}

/// Whether it may have taken place outside.
fn outside(item: &Value) -> &'static str {
    if item.get("tried").and_then(Value::as_bool).unwrap_or_default() { "maybe" } else { "no" }
}

fn came(item: &Value) -> String {
    if let Some(at) = item.get("at").and_then(Value::as_u64) {
        return format!("waited until {}", clock(at));
    }
    let came = item.get("came").unwrap_or(&Value::Null);
    let late =
        if number(item, "late") > 0 { format!(" ({} reported late)", number(item, "late")) } else { String::new() };
    match (text(came, "is"), text(item, "decided")) {
        ("done", _) => format!("{}{late}", shown(text(came, "text"))),
        ("failed", _) => format!("failed: {}{late}", text(came, "class")),
        (_, decided) => format!("{}{late}", decided.replace('_', " ")),
    }
}

/// The beginning of a text, in one line.
fn shown(text: &str) -> String {
    let one: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARS).collect();
    if text.chars().count() > SHOWN_CHARS { format!("{one}…") } else { one }
}
