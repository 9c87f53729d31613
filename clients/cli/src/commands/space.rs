//! `kernelos workspace space` and `kernelos compact`: how much room a workspace takes, and making room.

use super::block_on;
use super::shown::{There, number, print, print_json, text};
use crate::args::Reading;
use crate::outcome::Problem;
use crate::place::Place;
use serde_json::{Value, json};

/// How long looking may take, in milliseconds, and how long making room. Room that was made stays when it is cut off.
const READ_MS: u64 = 60_000;
const COMPACT_MS: u64 = 600_000;

/// What takes the room, as it is shown.
const PARTS: [(&str, &str); 5] = [
    ("log", "events"),
    ("segments", "packed events"),
    ("rows", "state"),
    ("snapshots", "snapshots"),
    ("content", "large content"),
];

/// Show how much room there is.
pub fn show(place: &Place, reading: &Reading) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, reading.workspace.as_deref()).await?;
        let space = there.api.get(&format!("{}/space", there.base), READ_MS).await?;
        if reading.json {
            print_json(&space);
        } else {
            print(&told(&space));
            warn(&space);
        }
        Ok(())
    })
}

/// Make room.
pub fn compact(place: &Place, reading: &Reading) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, reading.workspace.as_deref()).await?;
        let done = there.api.ask(&format!("{}/compact", there.base), &json!({}), COMPACT_MS).await?;
        if reading.json {
            print_json(&done);
            return Ok(());
        }
        let count = |name: &str| number(&done, name);
        print(&match count("segments") {
            0 => format!("nothing to pack; events up to {} are packed\n", count("packed_to")),
            segments => format!(
                "{} events packed into {segments} segments: {} of {} bytes\nevents up to {} are packed\n",
                count("events"),
                count("bytes_after"),
                count("bytes_before"),
                count("packed_to"),
            ),
        });
        Ok(())
    })
}

/// Say that there is little room, to whoever looks at a workspace.
pub fn warn(view: &Value) {
    match text(view, "room") {
        "scarce" => eprintln!("warning: there is little room left; make some with kernelos compact"),
        "full" | "none" => eprintln!(
            "warning: there is no room left, and only what ends work is taken; make some with kernelos compact"
        ),
        _ => {}
    }
}

fn told(space: &Value) -> String {
    let limit = space.get("limit").and_then(Value::as_u64);
    let limit = limit.map_or_else(String::new, |limit| {
        let percent = u128::from(number(space, "used")) * 100 / u128::from(limit.max(1));
        format!(" of {limit}, {percent} %")
    });
    let mut told = format!("bytes     {}{limit}\n", number(space, "used"));
    for (part, name) in PARTS {
        let bytes = space.get("parts").map_or(0, |parts| number(parts, part));
        told.push_str(&format!("  {bytes:>12}  {name}\n"));
    }
    told.push_str(&format!("events up to {} are packed\n", number(space, "packed_to")));
    told
}
