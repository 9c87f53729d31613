//! `kernelos state`: an entity as it was, or as it is.

use super::shown::{There, called, not_found, number, print, print_json, text};
use super::{block_on, ids};
use crate::args::history::State;
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::one_line;
use kernel::id::Id;
use serde_json::Value;

pub fn run(place: &Place, state: &State) -> Result<(), Problem> {
    block_on(async {
        let there = There::find(place, state.reading.workspace.as_deref()).await?;
        let path = path(&there, &state.entity).await?;
        let at = state.at.map(|at| format!("?at={at}")).unwrap_or_default();
        let view = there.past(&format!("state/{path}{at}")).await?;
        if state.reading.json {
            print_json(&view)
        } else {
            print(&lines(&view))
        }
        Ok(())
    })
}

/// The entity as it stands in a path: its kind, and its whole id.
async fn path(there: &There, entity: &str) -> Result<String, Problem> {
    let (kind, part) = entity.split_once('/').unwrap_or((entity, ""));
    let id = match kind {
        // There is one of the kind.
        _ if part.is_empty() => "-".to_owned(),
        _ if part.parse::<Id>().is_ok() => part.to_owned(),
        "task" | "run" => ids::task(&there.api, &there.base, part).await?,
        "agent" | "provider" | "workflow" => of_name(&there.list(&format!("{kind}s")).await?, kind, part)?,
        "document" => of_path(&there.list("documents").await?, part)?,
        "approval" => {
            let known = ids::texts(&there.read("approvals?all=1").await?, "/approvals", "id");
            ids::whole(part, &known, "approval", "kernelos approve --list --all")?
        }
        _ => part.replace('/', "%2F"),
    };
    Ok(format!("{kind}/{id}"))
}

fn of_name(known: &[Value], kind: &str, name: &str) -> Result<String, Problem> {
    let found = called(known, name).map(|thing| text(thing, "id").to_owned());
    found.ok_or_else(|| not_found(kind, name, known, "Define it: kernelos run, or kernelos agent define"))
}

fn of_path(known: &[Value], path: &str) -> Result<String, Problem> {
    let found = known.iter().find(|document| [text(document, "path"), text(document, "id")].contains(&path));
    let hint = "See which there are: kernelos documents list";
    let absent = || Problem::failed("not_found", format!("there is no document {path:?}"), hint);
    found.map(|document| text(document, "id").to_owned()).ok_or_else(absent)
}

/// An entity, in lines.
fn lines(view: &Value) -> String {
    let (at, since) = (number(view, "at"), number(view, "since"));
    let mut shown = format!("{} at {at}, changed last by event {since}\n", text(view, "key"));
    let fields = view.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let wide = fields.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    for (name, value) in &fields {
        shown.push_str(&field(name, wide, value));
    }
    for (pointer, event) in view.get("cut").and_then(Value::as_object).into_iter().flatten() {
        shown.push_str(&format!("{} goes on; all of it is in event {event}\n", pointer.trim_start_matches('/')));
    }
    shown
}

/// A field: in its line, or below it when it has several.
fn field(name: &str, wide: usize, value: &Value) -> String {
    let value = value_text(value);
    if !value.contains('\n') {
        return format!("  {name:<wide$}  {}\n", one_line(&value)).trim_end().to_owned() + "\n";
    }
    let below: String = value.lines().map(|line| format!("    | {}\n", one_line(line))).collect();
    format!("  {name}\n{below}")
}

/// A value as people read it. Nothing stands where nobody can read anything any more.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::Null => "(its key was destroyed)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn an_entity_is_shown_field_by_field_and_nothing_in_it_reaches_the_terminal() {
        let view = json!({"key": "document/7zr2", "at": 57, "since": 41, "fields": {
            "bytes": 27, "path": "orders/\u{1b}[2J1.json", "text": "a green tent,\nsent on Monday", "title": null,
            "limits": {"turns": 3}}, "cut": {"/text": 41}});
        expect![[r#"
            document/7zr2 at 57, changed last by event 41
              bytes   27
              limits  {"turns":3}
              path    orders/ [2J1.json
              text
                | a green tent,
                | sent on Monday
              title   (its key was destroyed)
            text goes on; all of it is in event 41
        "#]]
        .assert_eq(&lines(&view));
    }
}
