//! `kernelos why`: from what happened back to the first cause.

#[cfg(test)]
mod tests;
mod tree;
mod words;

use super::shown::{There, print, print_json};
use super::{block_on, ids};
use crate::args::history::Why;
use crate::outcome::Problem;
use crate::place::Place;
use crate::timeline::colourful;
use kernel::id::{Id, Role};
use std::collections::BTreeSet;

/// Stands for a device where only the rest of an id is looked at.
const NOBODY: &str = "00000000000000000000000000";

pub fn run(place: &Place, why: &Why) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, why.reading.workspace.as_deref()).await?;
        let of = of(&there, &why.of).await?;
        let view = there.past(&format!("why/{of}")).await?;
        if why.reading.json {
            print_json(&view)
        } else {
            print(&tree::drawn(&view, colourful()))
        }
        Ok(())
    })
}

/// A position, or the whole id of a thing. An id without its device is one of a device that began a task.
async fn of(there: &There, part: &str) -> Result<String, Problem> {
    if part.bytes().all(|byte| byte.is_ascii_digit()) || part.parse::<Id>().is_ok() {
        return Ok(part.to_owned());
    }
    let is_short = format!("{NOBODY}.{part}").parse::<Id>().is_ok_and(|id| id.role != Role::Task);
    if !is_short {
        return ids::task(&there.api, &there.base, part).await;
    }
    let tasks = ids::texts(&there.read("tasks?limit=256").await?, "/tasks", "id");
    let devices: BTreeSet<&str> = tasks.iter().filter_map(|id| id.split('.').next()).collect();
    let whole: Vec<String> = devices.iter().map(|device| format!("{device}.{part}")).collect();
    match whole.as_slice() {
        [only] => Ok(only.clone()),
        _ => {
            let hint = "Write the whole id, as `kernelos log --json` shows it.";
            Err(Problem::usage(format!("{part} may stand for things of {} devices", whole.len()), hint))
        }
    }
}
