//! `kernelos provider test`: whether a connected provider still works.

use super::explain::Asked;
use super::list::CONNECT;
use super::verify::{USUALLY_MS, report, verified};
use crate::args::provider::Test;
use crate::commands::block_on;
use crate::commands::shown::{There, called, is_current, not_found, print, print_json, text};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::one_line;
use ports::provider::ProviderEntry;
use serde_json::{Value, json};

pub fn run(place: &Place, wanted: &Test) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, wanted.reading.workspace.as_deref()).await?;
        let providers = there.list("providers").await?;
        let provider = meant(&providers, wanted.name.as_deref())?;
        let found = verified(&there.api, &there.base, &entry(provider), Asked::Again).await?;
        if wanted.reading.json {
            print_json(&json!({ "provider": provider, "verification": found }));
        } else {
            print(&format!("{} works\n{}", one_line(text(provider, "name")), report(&found)));
        }
        Ok(())
    })
}

fn meant<'v>(providers: &'v [Value], name: Option<&str>) -> Result<&'v Value, Problem> {
    if let Some(name) = name {
        return called(providers, name)
            .ok_or_else(|| not_found("provider", name, providers, &format!("Connect one: {CONNECT}")));
    }
    let current: Vec<&Value> = providers.iter().filter(|provider| is_current(provider)).collect();
    match current.as_slice() {
        [only] => Ok(only),
        [] => Err(Problem::failed("no_provider", "no provider is connected", format!("Connect one: {CONNECT}"))),
        several => {
            let names: Vec<&str> = several.iter().map(|provider| text(provider, "name")).collect();
            let hint = format!("Name one: kernelos provider test NAME. There are: {}", names.join(", "));
            Err(Problem::usage(format!("{} providers are connected", several.len()), hint))
        }
    }
}

fn entry(provider: &Value) -> ProviderEntry {
    let cell = |name: &str| text(provider, name).to_owned();
    ProviderEntry {
        dialect: cell("dialect"),
        base_url: cell("base_url"),
        key_ref: Some(cell("key_ref")).filter(|key| !key.is_empty()),
        model: cell("model"),
        timeout_ms: provider.get("timeout_ms").and_then(Value::as_u64).unwrap_or(USUALLY_MS),
        allow_plain_http: provider.get("allow_plain_http").and_then(Value::as_bool).unwrap_or_default(),
        private: Vec::new(),
    }
}
