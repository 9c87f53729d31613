//! `kernelos log`: what was recorded, in order.

use super::shown::number;
use super::{block_on, workspaces};
use crate::api::Api;
use crate::args::Log;
use crate::follow::Told;
use crate::outcome::Problem;
use crate::place::Place;
use chrono::{DateTime, SecondsFormat};
use serde_json::Value;
use std::io::Write as _;

/// Longest content shown in a line.
const SHOWN_CHARS: usize = 60;

pub fn run(place: &Place, log: &Log) -> Result<(), Problem> {
    let api = if log.follow { Api::reach(place)? } else { Api::reach_to_tell(place)? };
    block_on(async {
        let workspace = workspaces::existing(&api, log.workspace.as_deref()).await?;
        if log.follow { follow(&api, &workspace, log).await } else { list(&api, &workspace, log).await }
    })
}

async fn list(api: &Api, workspace: &str, log: &Log) -> Result<(), Problem> {
    let (mut after, mut left) = (log.after, log.limit.unwrap_or(u64::MAX));
    if let Some(at) = log.at {
        let end = api.get(&format!("/v1/workspaces/{workspace}"), 30_000).await?;
        (after, left) = upto(at, number(&end, "pos"), log)?;
    }
    while left > 0 {
        let page = api
            .get(&format!("/v1/workspaces/{workspace}/events?after={after}&limit={}", left.min(256)), 30_000)
            .await?;
        let events = page.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
        if events.is_empty() || !events.iter().all(|event| show(event, log)) {
            return Ok(());
        }
        left = left.saturating_sub(events.len() as u64);
        after = page.get("next").and_then(Value::as_u64).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Where the log begins that ended at `at`, and how many events of it are shown.
fn upto(at: u64, end: u64, log: &Log) -> Result<(u64, u64), Problem> {
    let hint = "Positions stand in front of each line of the log.";
    if at == 0 || at > end {
        return Err(Problem::usage(format!("there is no event {at}: the log ends at {end}, and begins with 1"), hint));
    }
    if log.after > at {
        return Err(Problem::usage(format!("{} is behind {at}", log.after), hint));
    }
    let last = log.limit.filter(|_| log.after == 0).unwrap_or(at);
    let after = log.after.max(at.saturating_sub(last));
    Ok((after, (at - after).min(log.limit.unwrap_or(u64::MAX))))
}

async fn follow(api: &Api, workspace: &str, log: &Log) -> Result<(), Problem> {
    if api.is_own() {
        eprintln!("no host runs over this directory, so this program is one until it ends; others find it busy");
        eprintln!("to work beside it, stop it and run `kernelos dev` first");
    }
    let mut left = log.limit.unwrap_or(u64::MAX);
    let mut followed = api.follow(workspace, log.after);
    while left > 0 {
        // What is still being said is not in the log yet.
        if let Told::Event(event) = followed.next().await? {
            left = if show(&event, log) { left - 1 } else { 0 };
        }
    }
    Ok(())
}

/// Whether it could be shown: nobody may be there any more to read it.
fn show(event: &Value, log: &Log) -> bool {
    let text = if log.json { event.to_string() } else { line(event) };
    writeln!(std::io::stdout(), "{text}").is_ok()
}

/// Position, time, stream, type, what was touched, and the beginning of what was said.
fn line(view: &Value) -> String {
    let event = view.get("event").unwrap_or(&Value::Null);
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let pos = event.get("pos").and_then(Value::as_u64).unwrap_or_default();
    let at = event.get("accepted_at").and_then(Value::as_i64).and_then(DateTime::from_timestamp_millis);
    let at = at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default();
    let touched = event.pointer("/touched/0/key").and_then(Value::as_str).unwrap_or_default();
    let said =
        view.get("content").and_then(Value::as_object).into_iter().flatten().map(said).collect::<Vec<_>>().join("  ");
    format!("{pos:>6}  {at}  {:<8}  {:<18}  {touched}  {said}", text("stream"), text("type")).trim_end().to_owned()
}

fn said((field, content): (&String, &Value)) -> String {
    let Some(text) = content.as_str() else { return format!("{field}: (its key was destroyed)") };
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN_CHARS).collect();
    let more = if text.chars().count() > SHOWN_CHARS { "…" } else { "" };
    format!("{field}: {shown}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(after: u64, limit: Option<u64>) -> Log {
        Log { workspace: None, after, at: None, limit, follow: false, json: false }
    }

    #[test]
    fn the_log_as_it_ended_is_all_of_it_or_its_last_events() {
        assert_eq!(upto(57, 90, &log(0, None)).unwrap(), (0, 57));
        assert_eq!(upto(57, 90, &log(0, Some(10))).unwrap(), (47, 10));
        assert_eq!(upto(57, 90, &log(0, Some(100))).unwrap(), (0, 57));
        assert_eq!(upto(57, 90, &log(40, None)).unwrap(), (40, 17));
        assert_eq!(upto(57, 90, &log(40, Some(5))).unwrap(), (40, 5));
        for (at, after) in [(0, 0), (91, 0), (57, 58)] {
            assert_eq!(upto(at, 90, &log(after, None)).unwrap_err().exit, 2, "{at} after {after}");
        }
    }
}
