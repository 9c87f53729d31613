//! `kernelos incident`, and `kernelos replay --incident`: a piece of the timeline in a file, and that file replayed.

use super::shown::{There, nothing, print, print_json};
use super::timeline::width;
use super::{block_on, ids};
use crate::args::backup::Opened;
use crate::args::incident::Incident as Asked;
use crate::incident::{Before, Head, INCIDENT_FORMAT, Incident, Piece, Replayed, gather, open, replayed, write};
use crate::outcome::Problem;
use crate::place::Place;
use crate::timeline::{OfAll, OfTask, colourful, shown, strong};
use crate::transfer::{Keyring, Opener, fresh, whom, wrapped};
use crate::words::counted;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub fn run(place: &Place, asked: &Asked) -> Result<(), Problem> {
    if asked.output.exists() {
        let hint = "Name another with --output, or remove it.";
        return Err(Problem::failed("file_exists", format!("{} is there already", asked.output.display()), hint));
    }
    let whom = whom(&asked.recipient, asked.passphrase_file.as_ref())?;
    block_on(async {
        let there = There::find(place, asked.reading.workspace.as_deref()).await?;
        let piece = piece(&there, &asked.piece).await?;
        let incident = gather(&there.api, &there.base, piece, asked.redact).await?;
        let key = fresh()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let written_at = u64::try_from(now.as_millis()).unwrap_or_default();
        let (incident_format, program) = (INCIDENT_FORMAT, env!("CARGO_PKG_VERSION").to_owned());
        let head = Head { incident: incident_format, program, written_at, age: wrapped(&key, &whom)? };
        let file = write(&head, &incident, &key)?;
        put(&asked.output, &file)?;
        tell(asked, &incident, file.len());
        Ok(())
    })
}

/// What is meant: two positions, or a task.
async fn piece(there: &There, said: &str) -> Result<Piece, Problem> {
    let Some((first, last)) = said.split_once("..") else {
        let task = ids::task(&there.api, &there.base, said).await?;
        let unread = |_| Problem::usage(format!("{task} is not the id of a task"), "See `kernelos task list`.");
        return task.parse().map(Piece::Task).map_err(unread);
    };
    let number = |text: &str| text.parse::<u64>().ok().filter(|pos| *pos > 0);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(Piece::Range(first, last)),
        _ => Err(Problem::usage(
            format!("{said:?} is not two positions"),
            "Write the first and the last one: kernelos incident 40..57",
        )),
    }
}

/// Write the file, which is not there under its name before it is whole.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let draft = path.with_added_extension("part");
    let written = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    written().map_err(|why| Problem::failed("file", format!("{}: {why}", path.display()), ""))
}

fn tell(asked: &Asked, incident: &Incident, bytes: usize) {
    if asked.reading.json {
        print_json(&json!({
            "workspace": incident.workspace, "file": asked.output, "bytes": bytes,
            "after": incident.after, "pos": incident.pos, "redacted": incident.redacted,
        }));
    } else {
        print(&format!("{}\n", asked.output.display()));
    }
    let base = match &incident.before {
        Before::Events { events } => format!("after {} without content", counted(events.len(), "event")),
        Before::Rows { rows, .. } => format!("on {} as they were", counted(rows.len(), "row")),
    };
    let (events, contexts) = (counted(incident.events.len(), "event"), counted(incident.contexts.len(), "context"));
    eprintln!("wrote {events} up to {}, {contexts} of models, {base}: {bytes} bytes", incident.pos);
}

/// Replay a file: the picture, and whether what was recorded is what replay comes to.
pub fn replay(file: &Path, opened: &Opened, as_json: bool) -> Result<(), Problem> {
    let bytes = std::fs::read(file).map_err(|why| Problem::failed("file", format!("{}: {why}", file.display()), ""))?;
    let (identity, passphrase_file) = (opened.identity.as_deref(), opened.passphrase_file.as_deref());
    let (_, incident) = open(&bytes, &mut Keyring::new(Opener { identity, passphrase_file }))?;
    let done = replayed(&incident);
    if as_json {
        print_json(&json!({
            "workspace": incident.workspace, "task": incident.task, "after": incident.after, "pos": incident.pos,
            "redacted": incident.redacted, "replayed": done.events, "before": done.before, "rows": done.rows,
            "contexts": incident.contexts, "findings": done.findings,
        }));
    } else {
        draw(&incident)?;
        done.findings.iter().for_each(|finding| print(&format!("{finding}\n")));
    }
    outcome(&incident, &done)
}

fn draw(incident: &Incident) -> Result<(), Problem> {
    let views = incident.definitions.iter().chain(&incident.events).map(|seen| {
        let event: Value = serde_json::from_str(&seen.body).unwrap_or_default();
        json!({ "event": event, "content": seen.content.clone().unwrap_or_default() })
    });
    let width = width(None)?;
    let picture = match &incident.task {
        Some(task) => {
            let mut of = OfTask::new(&task.to_string());
            views.for_each(|view| of.event(&view));
            print(&format!("{}{}\n", title(incident), of.head()));
            of.picture().drawn(width, colourful())
        }
        None => {
            let mut of = OfAll::default();
            views.for_each(|view| of.event(&view));
            of.picture().drawn(width, colourful())
        }
    };
    if picture.trim().is_empty() {
        nothing("nothing in it took time: no model was asked, nobody was waited for", "see its events: --json");
    }
    print(&picture);
    for context in &incident.contexts {
        let member = |name: &str| context.get(name).map(shown).unwrap_or_default();
        let messages = context.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
        print(&format!(
            "step {} turn {}: a model was told {}\n",
            member("step"),
            member("turn"),
            counted(messages, "message")
        ));
    }
    Ok(())
}

/// What the task is called, where the file says it.
fn title(incident: &Incident) -> String {
    let created = incident.events.iter().find(|seen| seen.body.contains("\"type\":\"task.created\""));
    let title = created.and_then(|seen| seen.content.as_ref()?.get("title")?.clone());
    title.map(|title| format!("{}  ", strong(&shown(&json!(title)), colourful()))).unwrap_or_default()
}

fn outcome(incident: &Incident, done: &Replayed) -> Result<(), Problem> {
    let (first, last) = (incident.after + 1, incident.pos);
    if done.findings.is_empty() {
        let rows = counted(usize::try_from(done.rows).unwrap_or(usize::MAX), "row");
        eprintln!("events {first} to {last}: what the log recorded is what replay comes to ({rows} compared)");
        return Ok(());
    }
    let what = format!("events {first} to {last}: replay comes to something else than the log recorded");
    Err(Problem::failed("incident_differs", what, "What differs stands above; the first of it is where to look."))
}
