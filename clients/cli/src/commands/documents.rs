//! `kernelos documents`: what workflows and agents wrote.

use super::block_on;
use super::shown::{There, list, nothing, number, print, print_json, text};
use crate::args::Reading;
use crate::args::documents::{DocumentShow, Documents};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use serde_json::json;

pub fn run(place: &Place, documents: &Documents) -> Result<(), Problem> {
    match documents {
        Documents::List(reading) => show_list(place, reading),
        Documents::Show(wanted) => show(place, wanted),
    }
}

fn show_list(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let documents = list(place, reading, "documents")?;
    if reading.json {
        print_json(&json!({ "documents": documents }));
        return Ok(());
    }
    if documents.is_empty() {
        nothing("there are no documents", "workflows write them: call: documents.write");
        return Ok(());
    }
    let mut table = Table::new(&["PATH", ">VERSION", ">BYTES"]);
    for document in &documents {
        let count = |name: &str| number(document, name).to_string();
        table.row([text(document, "path").to_owned(), count("version"), count("bytes")]);
    }
    print(&table.text());
    Ok(())
}

fn show(place: &Place, wanted: &DocumentShow) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, wanted.reading.workspace.as_deref()).await?;
        let documents = there.list("documents").await?;
        let named = |name| documents.iter().find(|document| text(document, name) == wanted.path);
        let Some(found) = named("path").or_else(|| named("id")) else {
            let what = format!("there is no document {:?}", wanted.path);
            return Err(Problem::failed("not_found", what, "See which there are: kernelos documents list"));
        };
        let document = there.read(&format!("documents/{}", text(found, "id"))).await?;
        if wanted.reading.json {
            print_json(&document);
        } else {
            let whole = text(&document, "text");
            print(whole);
            // A prompt that follows stands on a line of its own.
            if !whole.is_empty() && !whole.ends_with('\n') {
                print("\n");
            }
        }
        Ok(())
    })
}
