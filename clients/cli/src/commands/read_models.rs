//! `kernelos read-models`: how far they know the log, and making them anew.

use super::block_on;
use super::shown::{There, number, print, print_json, text};
use crate::args::search::{Action, ReadModels};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use serde_json::{Value, json};
use std::time::Duration;

/// How long one question may take, in milliseconds.
const ASK_MS: u64 = 60_000;
/// How often it is looked whether they are made.
const LOOK: Duration = Duration::from_millis(100);

pub fn run(place: &Place, models: &ReadModels) -> Result<(), Problem> {
    let (reading, anew) = match &models.action {
        None => (&models.reading, false),
        Some(Action::Rebuild(reading)) => (reading, true),
    };
    block_on(async {
        let there = There::find(place, reading.workspace.as_deref()).await?;
        let stand = if anew { rebuilt(&there).await? } else { stand(&there).await? };
        if reading.json {
            print_json(&stand);
        } else {
            show(&stand);
        }
        Ok(())
    })
}

/// How they stand, once they know what was committed before.
async fn stand(there: &There) -> Result<Value, Problem> {
    let end = number(&there.api.get(&there.base, ASK_MS).await?, "pos");
    there.api.get(&format!("{}/read-models?wait_for={end}", there.base), ASK_MS).await
}

async fn rebuilt(there: &There) -> Result<Value, Problem> {
    let path = format!("{}/read-models", there.base);
    there.api.ask(&format!("{path}/rebuild"), &json!({}), ASK_MS).await?;
    loop {
        let stand = there.api.get(&path, ASK_MS).await?;
        if text(&stand, "state") != "rebuilding" {
            return Ok(stand);
        }
        let (to, end) = (number(&stand, "rebuilt_to"), number(&stand, "end"));
        eprintln!("{to} of {end} events");
        tokio::time::sleep(LOOK).await;
    }
}

fn show(stand: &Value) {
    let mut table = Table::new(&["MODEL", ">AS OF", ">LAG", ">ENTRIES"]);
    let end = number(stand, "end");
    for model in stand.get("models").and_then(Value::as_array).into_iter().flatten() {
        let as_of = number(model, "as_of");
        let lag = end.saturating_sub(as_of).to_string();
        table.row([text(model, "name").to_owned(), as_of.to_string(), lag, number(model, "entries").to_string()]);
    }
    print(&table.text());
    let mut said = format!("{}, {} bytes", text(stand, "state"), number(stand, "bytes"));
    for (name, words) in [("fault", "they do not go on"), ("renewed", "made anew")] {
        let why = text(stand, name);
        if !why.is_empty() {
            said.push_str(&format!("; {words}: {why}"));
        }
    }
    print(&format!("{said}\n"));
}
