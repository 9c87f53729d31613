//! `kernelos usage`: what was used of providers, and what it cost.

use super::shown::{nothing, number, print, print_json, read, text};
use crate::args::Reading;
use crate::money;
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use serde_json::Value;

pub fn run(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let usage = read(place, reading, "usage")?;
    if reading.json {
        print_json(&usage);
        return Ok(());
    }
    let providers = usage.get("providers").and_then(Value::as_array).cloned().unwrap_or_default();
    if providers.is_empty() {
        nothing("no model was called yet", "kernelos ask \"…\", or kernelos run FILE");
        return Ok(());
    }
    let mut table = Table::new(&["PROVIDER", ">CALLS", ">TOKENS IN", ">TOKENS OUT", ">COST"]);
    for provider in &providers {
        table.row(line(provider, text(provider, "name")));
    }
    table.row(line(usage.get("total").unwrap_or(&Value::Null), "in total"));
    print(&table.text());
    Ok(())
}

fn line(used: &Value, name: &str) -> [String; 5] {
    let count = |name: &str| number(used, name).to_string();
    let cost = money::show(number(used, "cost_micros"));
    [name.to_owned(), count("calls"), count("input_tokens"), count("output_tokens"), cost]
}
