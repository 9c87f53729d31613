//! `kernelos search`: what was said, by the words of it.

use super::block_on;
use super::shown::{There, nothing, number, print, print_json, text};
use crate::args::search::Search;
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::short;
use crate::timeline::{colourful, strong};
use serde_json::{Value, json};

/// How long a search may take, in milliseconds: what was committed before it is waited for.
const SEARCH_MS: u64 = 60_000;

pub fn run(place: &Place, search: &Search) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, search.reading.workspace.as_deref()).await?;
        let end = number(&there.api.get(&there.base, SEARCH_MS).await?, "pos");
        let body = json!({
            "query": search.query.join(" "), "kinds": search.kind, "skip": search.skip, "limit": search.limit,
        });
        let found = there.api.ask(&format!("{}/search?wait_for={end}", there.base), &body, SEARCH_MS).await?;
        if search.reading.json {
            print_json(&found);
            return Ok(());
        }
        show(&found);
        Ok(())
    })
}

fn show(found: &Value) {
    let hits = found.get("hits").and_then(Value::as_array).cloned().unwrap_or_default();
    if hits.is_empty() {
        nothing("nothing was found", "fewer words, or a beginning: kernelos search 'invo*'");
    }
    hits.iter().for_each(hit);
    if let Some(next) = found.get("next").and_then(Value::as_u64) {
        eprintln!("there is more: --skip {next}");
    }
    let lag = number(found, "lag");
    if lag > 0 {
        eprintln!("the last {lag} events are not searched yet: kernelos read-models");
    }
}

fn hit(hit: &Value) {
    let title = text(hit, "title");
    let called = if title.is_empty() { short(text(hit, "id")).to_owned() } else { crate::timeline::one_line(title) };
    let of = if text(hit, "kind") == "document" { text(hit, "id") } else { text(hit, "task") };
    let id = if of.is_empty() { text(hit, "id") } else { of };
    print(&format!(
        "{}  {}  {}  (event {})\n",
        text(hit, "kind"),
        strong(&called, colourful()),
        short(id),
        number(hit, "pos")
    ));
    let pieces = hit.get("snippet").and_then(Value::as_array).into_iter().flatten();
    let said: String = pieces.map(|piece| shown(piece, colourful())).collect();
    if !said.trim().is_empty() {
        print(&format!("    {said}\n"));
    }
}

/// A piece, and whether it was looked for: in bold, and in brackets where there is none.
fn shown(piece: &Value, colour: bool) -> String {
    let said: String = text(piece, "text").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match piece.get("found").and_then(Value::as_bool) {
        Some(true) if colour => strong(&said, true),
        Some(true) => format!("[{said}]"),
        _ => said,
    }
}
