//! `kernelos timeline`: a picture of a task, or of all tasks.

use super::shown::{There, nothing, number, print, print_json};
use super::{block_on, ids};
use crate::args::history::Timeline;
use crate::outcome::Problem;
use crate::place::Place;
use crate::timeline::{OfAll, OfTask, colourful, strong};
use serde_json::Value;

/// Events of one answer.
const PAGE: u64 = 256;
/// How wide the picture is where nobody says so and there is no terminal.
const WIDTH_USUALLY: usize = 100;
/// The least and the most it may be: below, names and bars have no room; above, nobody reads them together.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=400;

pub fn run(place: &Place, timeline: &Timeline) -> Result<(), Problem> {
    let width = width(timeline.width)?;
    block_on(async {
        let there = There::find(place, timeline.reading.workspace.as_deref()).await?;
        match &timeline.task {
            Some(part) => of_task(&there, part, timeline, width).await,
            None => of_all(&there, timeline, width).await,
        }
    })
}

/// As wide as is said, or as the terminal is.
pub fn width(said: Option<usize>) -> Result<usize, Problem> {
    let (least, most) = (WIDTHS.start(), WIDTHS.end());
    match said {
        Some(said) if WIDTHS.contains(&said) => Ok(said),
        Some(said) => {
            let why = format!("a picture of {said} columns cannot be drawn");
            Err(Problem::usage(why, format!("Say {least} to {most} columns.")))
        }
        None => Ok(terminal().unwrap_or(WIDTH_USUALLY).clamp(*least, *most)),
    }
}

/// Columns of the terminal that stdout is, if it is one; `COLUMNS` goes before.
fn terminal() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.or_else(measured)
}

#[cfg(unix)]
fn measured() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn measured() -> Option<usize> {
    None
}

async fn of_task(there: &There, part: &str, timeline: &Timeline, width: usize) -> Result<(), Problem> {
    let task = ids::task(&there.api, &there.base, part).await?;
    let view = there.read(&format!("tasks/{task}")).await?;
    let mut of = OfTask::new(&task);
    each_event(there, |event| of.event(event)).await?;
    let picture = of.picture();
    if timeline.reading.json {
        picture.json().iter().for_each(print_json);
        return Ok(());
    }
    let title = view.get("title").map(crate::timeline::shown).unwrap_or_default();
    print(&format!("{}  {}\n", strong(&title, colourful()), of.head()));
    if picture.is_empty() {
        nothing("nothing of it took time: no model was asked, nobody was waited for", "see its events: kernelos log");
        return Ok(());
    }
    print(&picture.drawn(width, colourful()));
    Ok(())
}

async fn of_all(there: &There, timeline: &Timeline, width: usize) -> Result<(), Problem> {
    let mut of = OfAll::default();
    each_event(there, |event| of.event(event)).await?;
    let picture = of.picture();
    if timeline.reading.json {
        picture.json().iter().for_each(print_json);
    } else if picture.is_empty() {
        nothing("there is no task yet", "kernelos run, or kernelos ask");
    } else {
        print(&picture.drawn(width, colourful()));
    }
    Ok(())
}

/// Every event of the log: what has to be known of a task may stand long before it.
async fn each_event(there: &There, mut take: impl FnMut(&Value)) -> Result<(), Problem> {
    let mut after = 0;
    loop {
        let page = there.read(&format!("events?after={after}&limit={PAGE}")).await?;
        let events = page.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
        if events.is_empty() {
            return Ok(());
        }
        events.iter().for_each(&mut take);
        after = number(&page, "next");
    }
}
