//! `kernelos snapshot`: the workspace as it was, packed so that it can be gone back to.

use super::block_on;
use super::shown::{There, list, nothing, number, print, print_json, text};
use crate::args::Reading;
use crate::args::snapshot::{Make, Snapshot};
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::Table;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

/// How long making one may take, in milliseconds. One that is cut off goes on when it is asked for again.
const MAKE_MS: u64 = 300_000;

pub fn run(place: &Place, snapshot: &Snapshot) -> Result<(), Problem> {
    match snapshot {
        Snapshot::List(reading) => show_list(place, reading),
        Snapshot::Make(wanted) => make(place, wanted),
    }
}

fn show_list(place: &Place, reading: &Reading) -> Result<(), Problem> {
    let snapshots = list(place, reading, "snapshots")?;
    if reading.json {
        print_json(&json!({ "snapshots": snapshots }));
        return Ok(());
    }
    if snapshots.is_empty() {
        nothing("there are no snapshots yet", "kernelos snapshot make; they are also made by themselves in time");
        return Ok(());
    }
    show(&snapshots);
    Ok(())
}

fn make(place: &Place, wanted: &Make) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, wanted.reading.workspace.as_deref()).await?;
        let body = json!({ "whole": wanted.whole });
        let made = there.api.ask(&format!("{}/snapshots", there.base), &body, MAKE_MS).await?;
        if wanted.reading.json {
            print_json(&made);
        } else {
            show(std::slice::from_ref(&made));
        }
        Ok(())
    })
}

fn show(snapshots: &[Value]) {
    let mut table = Table::new(&[">POS", "MADE", ">ROWS", ">BYTES", ">WRITTEN", "STATE"]);
    for snapshot in snapshots {
        let count = |name: &str| number(snapshot, name).to_string();
        let fault = text(snapshot, "fault");
        let state = if fault.is_empty() { "whole".to_owned() } else { format!("damaged: {fault}") };
        table.row([
            count("pos"),
            when(number(snapshot, "made_at")),
            count("rows"),
            count("bytes"),
            count("written"),
            state,
        ]);
    }
    print(&table.text());
}

fn when(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis).filter(|_| ms > 0);
    time.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
