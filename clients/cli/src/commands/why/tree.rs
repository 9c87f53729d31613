//! Reasons as a tree: the way back stands below what is asked about, and what came in from the side is indented.

use super::words::Words;
use crate::commands::shown::{number, text};
use crate::table::short;
use crate::timeline::{clock, strong};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How deep what comes in from the side is followed.
const DEPTH_MAX: usize = 8;

/// Milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// What is drawn.
struct Tree<'v> {
    reasons: BTreeMap<u64, &'v Value>,
    /// The way back from what is asked about.
    trunk: Vec<u64>,
    shown: BTreeSet<u64>,
    words: Words<'v>,
    /// Whether it took place on several days.
    has_days: bool,
    colour: bool,
    text: String,
}

/// `view` as people read it.
pub fn drawn(view: &Value, colour: bool) -> String {
    let list: Vec<&Value> = view.get("reasons").and_then(Value::as_array).into_iter().flatten().collect();
    let reasons: BTreeMap<u64, &Value> = list.iter().map(|reason| (number(reason, "pos"), *reason)).collect();
    let words = Words::new(&list);
    let of = number(view, "of");
    let day = |reason: &&Value| number(reason, "at") / DAY_MS;
    let has_days = list.iter().map(day).min() != list.iter().map(day).max();
    let (shown, text) = (BTreeSet::new(), String::new());
    let mut tree = Tree { trunk: trunk(&reasons, of), reasons, shown, words, has_days, colour, text };
    for pos in tree.trunk.clone() {
        tree.node(pos, 0);
    }
    // What no way leads to from here: it was left out in between.
    let rest: Vec<u64> = tree.reasons.keys().rev().copied().filter(|pos| !tree.shown.contains(pos)).collect();
    let left_out = number(view, "left_out");
    if left_out > 0 {
        tree.text.push_str(&format!("        … {left_out} events in between are left out …\n"));
    }
    rest.into_iter().for_each(|pos| tree.node(pos, 0));
    tree.text.push_str(&came(view));
    tree.text
}

/// From each event to the newest of its causes, until there is none.
fn trunk(reasons: &BTreeMap<u64, &Value>, of: u64) -> Vec<u64> {
    let mut way = vec![of];
    while let Some(next) = way.last().and_then(|pos| reasons.get(pos)).and_then(|reason| cause(reasons, reason)) {
        way.push(next);
    }
    way
}

/// The cause that the way back goes on with: the newest that happened, and not what it went by.
fn cause(reasons: &BTreeMap<u64, &Value>, reason: &Value) -> Option<u64> {
    let is_rule = |pos: &u64| reasons.get(pos).is_none_or(|reason| is_definition(reason));
    let pos = number(reason, "pos");
    causes(reason).into_iter().filter(|cause| *cause < pos && !is_rule(cause)).max()
}

/// Whether it is a thing that others go by, and not something that happened on the way.
fn is_definition(reason: &Value) -> bool {
    let event = text(reason, "event");
    event.ends_with(".defined") || event == "egress.allowed"
}

fn causes(reason: &Value) -> Vec<u64> {
    reason.get("because").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect()
}

impl Tree<'_> {
    /// When it was, with the day where there are several.
    fn clock_of(&self, reason: &Value) -> String {
        let at = clock(number(reason, "at")).replace('T', " ").replace('Z', "");
        if self.has_days { at } else { at.split_once(' ').map(|(_, time)| time.to_owned()).unwrap_or(at) }
    }

    /// An event with everything that came in from the side.
    fn node(&mut self, pos: u64, depth: usize) {
        if depth > DEPTH_MAX || !self.shown.insert(pos) {
            return;
        }
        let Some(reason) = self.reasons.get(&pos).copied() else { return };
        let (line, more) = self.words.of(reason);
        let sides = "│  ".repeat(depth);
        let head = format!("{pos:>6}  {}  ", self.clock_of(reason));
        let line = if depth == 0 { strong(&line, self.colour) } else { line };
        self.text.push_str(&format!("{head}{sides}{line}\n"));
        let below = " ".repeat(head.chars().count());
        for more in more {
            self.text.push_str(&format!("{below}{sides}   {more}\n"));
        }
        for cause in causes(reason) {
            if !self.trunk.contains(&cause) {
                self.node(cause, depth + 1);
            }
        }
    }
}

/// What came of it, in a line or two.
fn came(view: &Value) -> String {
    let came = view.get("came").unwrap_or(&Value::Null);
    let events = came.get("events").and_then(Value::as_object).cloned().unwrap_or_default();
    let parts: Vec<String> = events.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let task = match text(view, "task") {
        "" => String::new(),
        task => format!("\nthe whole story: kernelos timeline {}\n", short(task)),
    };
    if parts.is_empty() {
        return task;
    }
    let newest = number(came, "newest");
    format!("\nwhat came of it, up to event {newest}: {}\n{}", parts.join(", "), task.trim_start_matches('\n'))
}
