//! `kernelos diff`: what is other at a position than at one before it.

use super::block_on;
use super::shown::{There, number, print, print_json, text};
use super::state::value_text;
use crate::args::history::Diff;
use crate::outcome::Problem;
use crate::place::Place;
use crate::table::one_line;
use serde_json::{Value, json};

/// Entities of one answer.
const PAGE: usize = 64;
/// How much of a value is shown in its line.
const SHOWN_CHARS: usize = 160;

pub fn run(place: &Place, diff: &Diff) -> Result<(), Problem> {
    let (from, to) = range(&diff.range)?;
    block_on(async {
        let there = There::find(place, diff.reading.workspace.as_deref()).await?;
        let view = whole(&there, from, to, diff.limit).await?;
        if diff.reading.json {
            print_json(&view)
        } else {
            print(&lines(&view))
        }
        Ok(())
    })
}

/// `A..B`, with either left out.
fn range(given: &str) -> Result<(u64, Option<u64>), Problem> {
    let hint = "Write two positions: kernelos diff 40..57. Positions stand in front of each line of kernelos log.";
    let bad = || Problem::usage(format!("{given:?} is no range of positions"), hint);
    let (from, to) = given.split_once("..").ok_or_else(bad)?;
    let position = |text: &str| match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| bad()),
    };
    Ok((position(from)?.unwrap_or_default(), position(to)?))
}

/// All pages, up to so many entities.
async fn whole(there: &There, from: u64, to: Option<u64>, limit: usize) -> Result<Value, Problem> {
    let mut to = to.map(|to| format!("&to={to}")).unwrap_or_default();
    let mut entities: Vec<Value> = Vec::new();
    let mut skip = 0;
    loop {
        let size = PAGE.min(limit.saturating_sub(entities.len()).max(1));
        let mut page = there.past(&format!("diff?from={from}{to}&skip={skip}&limit={size}")).await?;
        entities.extend(page.get("entities").and_then(Value::as_array).cloned().unwrap_or_default());
        // What happens meanwhile belongs to no page.
        to = format!("&to={}", number(&page, "to"));
        match page.get("next").and_then(Value::as_u64).filter(|_| entities.len() < limit) {
            Some(next) => skip = next,
            None => {
                if let Some(members) = page.as_object_mut() {
                    members.insert("entities".into(), json!(entities));
                }
                return Ok(page);
            }
        }
    }
}

/// A difference, in lines: how much it is, and then each entity.
fn lines(view: &Value) -> String {
    let list = |name: &str| view.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut shown = format!("{}..{}", number(view, "from"), number(view, "to"));
    let kinds: Vec<String> = list("kinds").iter().map(counted).collect();
    shown.push_str(&if kinds.is_empty() {
        ": nothing changed\n".to_owned()
    } else {
        format!(": {}\n", kinds.join(", "))
    });
    for entity in list("entities") {
        shown.push_str(&changed(&entity));
    }
    if view.get("next").is_some_and(Value::is_u64) {
        shown.push_str("\n… there are more: --limit shows more of them\n");
    }
    shown
}

fn counted(kind: &Value) -> String {
    let (added, changed) = (number(kind, "added"), number(kind, "changed"));
    let parts = [(added, "added"), (changed, "changed")];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    format!("{} {}", text(kind, "kind"), parts.collect::<Vec<_>>().join(" and "))
}

fn changed(entity: &Value) -> String {
    let is = |name: &str| entity.get(name) == Some(&Value::Bool(true));
    let sign = if is("added") {
        '+'
    } else if is("removed") {
        '-'
    } else {
        '~'
    };
    let called = text(entity, "called");
    let called = if called.is_empty() { String::new() } else { format!("  {}", one_line(called)) };
    let mut shown = format!("\n{sign} {}{called}  (event {})\n", text(entity, "key"), number(entity, "since"));
    let fields = entity.get("fields").and_then(Value::as_object).cloned().unwrap_or_default();
    let wide = fields.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    for (name, field) in &fields {
        let [old, new] = ["old", "new"].map(|side| field.get(side).map(glance));
        let change = match (old, new) {
            (Some(old), Some(new)) => format!("{old}  →  {new}"),
            (None, Some(new)) => new,
            (Some(old), None) => format!("{old}  →  (nothing)"),
            (None, None) => String::new(),
        };
        shown.push_str(&format!("    {name:<wide$}  {change}\n"));
    }
    shown
}

/// The beginning of a value, in a line.
fn glance(value: &Value) -> String {
    let text = one_line(&value_text(value));
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_range_has_two_ends_either_of_which_may_be_left_out() {
        assert_eq!(range("40..57").unwrap(), (40, Some(57)));
        assert_eq!(range("40..").unwrap(), (40, None));
        assert_eq!(range("..57").unwrap(), (0, Some(57)));
        for bad in ["40", "40-57", "a..b", "-1..5", "1..2..3"] {
            assert_eq!(range(bad).unwrap_err().exit, 2, "{bad}");
        }
    }

    #[test]
    fn a_difference_is_summed_up_and_then_shown_field_by_field() {
        let view = json!({"from": 40, "to": 57, "next": 3, "kinds": [
        {"kind": "approval", "added": 1, "changed": 0}, {"kind": "document", "added": 2, "changed": 1}],
        "entities": [
            {"key": "approval/a", "added": true, "since": 44, "fields": {"kind": {"new": "approval"}}},
            {"key": "document/b", "called": "orders/1.json", "added": false, "since": 57, "fields": {
                "text": {"old": "a green tent,\nsent", "new": "answered"}, "version": {"old": 1, "new": 2}}},
            {"key": "move/", "added": false, "removed": true, "since": 41, "fields": {"to": {"old": "there"}}},
            {"key": "task/c", "added": false, "since": 50, "fields": {"title": {"old": null, "new": null}}},
        ]});
        expect![[r#"
            40..57: approval 1 added, document 2 added and 1 changed

            + approval/a  (event 44)
                kind  approval

            ~ document/b  orders/1.json  (event 57)
                text     a green tent, sent  →  answered
                version  1  →  2

            - move/  (event 41)
                to  there  →  (nothing)

            ~ task/c  (event 50)
                title  (its key was destroyed)  →  (its key was destroyed)

            … there are more: --limit shows more of them
        "#]]
        .assert_eq(&lines(&view));
        let nothing = json!({"from": 7, "to": 7, "kinds": [], "entities": []});
        assert_eq!(lines(&nothing), "7..7: nothing changed\n");
    }
}
