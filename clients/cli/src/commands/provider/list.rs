//! `kernelos provider list`.

use crate::args::Reading;
use crate::commands::shown::{list, nothing, number, print, print_json, state, text};
use crate::money;
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use serde_json::json;

/// How a provider is connected.
pub const CONNECT: &str = "kernelos provider connect --base-url https://host/v1 --model NAME --key-ref env:NAME";

pub fn run(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let providers = list(place, reading, "providers")?;
    if reading.json {
        print_json(&json!({ "providers": providers }));
        return Ok(());
    }
    if providers.is_empty() {
        nothing("no provider is connected", CONNECT);
        return Ok(());
    }
    let mut table = Table::new(&["NAME", "MODEL", "ADDRESS", "KEY", ">IN/MTOK", ">OUT/MTOK", "STATE"]);
    for provider in &providers {
        let cell = |name: &str| text(provider, name).to_owned();
        let price = |name: &str| money::show(number(provider, name));
        let key = Some(cell("key_ref")).filter(|key| !key.is_empty()).unwrap_or_else(|| "none".to_owned());
        let prices = (price("input_micros_per_mtok"), price("output_micros_per_mtok"));
        table.row([cell("name"), cell("model"), cell("base_url"), key, prices.0, prices.1, state(provider)]);
    }
    print(&table.text());
    Ok(())
}
